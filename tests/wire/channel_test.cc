#include "wire/channel.h"

#include <optional>
#include <string>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include "tests/wire/run_until.h"

namespace bw::wire {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

proto::Frame sample(std::size_t size_bytes) {
    proto::Frame frame;
    frame.mutable_farewell()->set_reason(std::string(size_bytes, 'x'));
    return frame;
}

/// A channel and the bare socket at its other end.
class Connection : public testing::Test {
protected:
    void SetUp() override {
        tcp::acceptor acceptor(io_, tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0));
        peer_.connect(acceptor.local_endpoint());
        channel_ = std::make_shared<Channel>(acceptor.accept(), seconds(60));
    }

    /// What one read of the channel leads to.
    Result<proto::Frame> read(Duration timeout) {
        std::optional<Result<proto::Frame>> outcome;
        asio::co_spawn(io_, read_into(outcome, timeout), asio::detached);
        test::run_until(io_, [&] { return outcome.has_value(); });
        return outcome ? *outcome : fail(Errc::unknown, "the read did not end");
    }

    asio::awaitable<void> read_into(
        std::optional<Result<proto::Frame>>& outcome, Duration timeout
    ) {
        outcome = co_await channel_->read(timeout);
    }

    asio::io_context io_;
    tcp::socket peer_{io_};
    std::shared_ptr<Channel> channel_;
};

TEST_F(Connection, FrameArrivesInPieces) {
    const std::string bytes = encode_frame(sample(1000));
    for (const char byte : bytes) asio::write(peer_, asio::buffer(&byte, 1));
    const auto frame = read(seconds(60));
    ASSERT_TRUE(frame) << frame.error().message;
    EXPECT_EQ(frame->farewell().reason().size(), 1000u);
}

TEST_F(Connection, SilenceTimesOutAndCloses) {
    asio::write(peer_, asio::buffer("\0\0", 2));  // half a header is silence too
    const auto frame = read(milliseconds(10));
    ASSERT_FALSE(frame);
    EXPECT_EQ(frame.error().code, Errc::timed_out);
    EXPECT_FALSE(channel_->is_open());
}

TEST_F(Connection, PeerThatLeavesInsideAFrameIsGone) {
    const std::string bytes = encode_frame(sample(1000));
    asio::write(peer_, asio::buffer(bytes.data(), bytes.size() / 2));
    peer_.close();
    const auto frame = read(seconds(60));
    ASSERT_FALSE(frame);
    EXPECT_EQ(frame.error().code, Errc::peer_gone);
}

TEST_F(Connection, OversizedFrameClosesBeforeItIsRead) {
    asio::write(peer_, asio::buffer("\xff\xff\xff\xff", 4));
    const auto frame = read(seconds(60));
    ASSERT_FALSE(frame);
    EXPECT_EQ(frame.error().code, Errc::corrupt);
    EXPECT_FALSE(channel_->is_open());
}

TEST_F(Connection, WhatIsQueuedIsWrittenBeforeItCloses) {
    channel_->send(sample(100'000));
    channel_->send(sample(100'000));
    channel_->close_when_written();
    channel_->send(sample(1));  // too late
    std::string received;
    test::run_until(io_, [&] {
        char buffer[4096];
        boost::system::error_code error;
        peer_.non_blocking(true);
        const std::size_t got = peer_.read_some(asio::buffer(buffer), error);
        received.append(buffer, got);
        return error == asio::error::eof;
    });
    EXPECT_EQ(received.size(), 2 * encode_frame(sample(100'000)).size());
}

TEST_F(Connection, SamplesAreDroppedWhileThePeerReadsNothing) {
    for (int i = 0; i < 2000; ++i) channel_->send_sample(sample(64 * 1024));  // 125 MiB
    EXPECT_TRUE(channel_->is_open()) << "beyond its bound the queue would have closed it";
}

TEST_F(Connection, PeerThatReadsNothingIsGivenUp) {
    for (int i = 0; i < 2000 && channel_->is_open(); ++i) channel_->send(sample(64 * 1024));
    EXPECT_FALSE(channel_->is_open());
}

TEST_F(Connection, WriteThatMakesNoProgressIsGivenUp) {
    tcp::acceptor acceptor(io_, tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0));
    tcp::socket silent(io_);
    silent.connect(acceptor.local_endpoint());
    const auto channel = std::make_shared<Channel>(acceptor.accept(), milliseconds(20));
    for (int i = 0; i < 500; ++i) channel->send(sample(64 * 1024));
    EXPECT_TRUE(channel->is_open());
    test::run_until(io_, [&] { return !channel->is_open(); });
}

}  // namespace
}  // namespace bw::wire
