#include "wire/stream.h"

#include <optional>
#include <string>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include "tests/wire/run_until.h"
#include "wire/channel.h"

namespace bw::wire {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

std::string make() {
    auto made = make_identity();
    EXPECT_TRUE(made);
    return made ? *made : "";
}

/// Two ends of one connection, secured as each test wants.
class Ends : public testing::Test {
protected:
    void connect(const Security& listening, const Security& connecting) {
        tcp::acceptor acceptor(io_, tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0));
        tcp::socket client(io_);
        client.connect(acceptor.local_endpoint());
        server_ = std::make_shared<Channel>(Stream(acceptor.accept(), listening), seconds(60));
        client_ = std::make_shared<Channel>(Stream(std::move(client), connecting), seconds(60));
    }

    void open_both() {
        asio::co_spawn(io_, open(server_, server_opened_), asio::detached);
        asio::co_spawn(io_, open(client_, client_opened_), asio::detached);
        test::run_until(io_, [&] {
            return server_opened_.has_value() && client_opened_.has_value();
        });
    }

    static asio::awaitable<void> open(
        std::shared_ptr<Channel> channel, std::optional<Result<void>>& outcome
    ) {
        outcome = co_await channel->open(seconds(30));
    }

    static asio::awaitable<void> read(
        std::shared_ptr<Channel> channel, std::optional<Result<proto::Frame>>& outcome
    ) {
        outcome = co_await channel->read(seconds(30));
    }

    asio::io_context io_;
    std::shared_ptr<Channel> server_, client_;
    std::optional<Result<void>> server_opened_, client_opened_;
};

TEST_F(Ends, FramesPassBothWaysAtOnceUnderTls) {
    const std::string identity = make();
    connect(*Security::listening(identity), Security::pinned(*fingerprint_of(identity)));
    open_both();
    ASSERT_TRUE(*server_opened_) << server_opened_->error().message;
    ASSERT_TRUE(*client_opened_) << client_opened_->error().message;

    proto::Frame frame;  // far more than a TLS record and a socket's buffer hold
    frame.mutable_farewell()->set_reason(std::string(8 * 1024 * 1024, 'x'));
    server_->send(frame);
    client_->send(frame);
    std::optional<Result<proto::Frame>> at_server, at_client;
    asio::co_spawn(io_, read(server_, at_server), asio::detached);
    asio::co_spawn(io_, read(client_, at_client), asio::detached);
    test::run_until(io_, [&] { return at_server.has_value() && at_client.has_value(); });
    ASSERT_TRUE(*at_server && *at_client);
    EXPECT_EQ((*at_server)->farewell().reason(), frame.farewell().reason());
    EXPECT_EQ((*at_client)->farewell().reason(), frame.farewell().reason());
}

TEST_F(Ends, AnotherCertificateThanThePinnedOneIsRefusedWithBothNamed) {
    const std::string identity = make(), other = make();
    connect(*Security::listening(identity), Security::pinned(*fingerprint_of(other)));
    open_both();
    ASSERT_FALSE(*client_opened_);
    EXPECT_EQ(client_opened_->error().code, Errc::refused);
    const std::string& message = client_opened_->error().message;
    EXPECT_NE(message.find(*fingerprint_of(identity)), std::string::npos) << message;
    EXPECT_NE(message.find(*fingerprint_of(other)), std::string::npos) << message;
    EXPECT_FALSE(client_->is_open());
}

TEST_F(Ends, APeerThatSpeaksInClearIsRefused) {
    const std::string identity = make();
    connect(*Security::listening(identity), {});
    proto::Frame frame;
    frame.mutable_heartbeat();
    client_->send(frame);
    open_both();
    ASSERT_FALSE(*server_opened_);
    EXPECT_EQ(server_opened_->error().code, Errc::peer_gone);
    EXPECT_FALSE(server_->is_open());
}

TEST_F(Ends, WithoutTlsNothingIsSentBeforeTheFirstFrame) {
    connect({}, {});
    open_both();
    EXPECT_TRUE(*server_opened_ && *client_opened_);
    proto::Frame frame;
    frame.mutable_heartbeat();
    client_->send(frame);
    std::optional<Result<proto::Frame>> at_server;
    asio::co_spawn(io_, read(server_, at_server), asio::detached);
    test::run_until(io_, [&] { return at_server.has_value(); });
    EXPECT_TRUE(*at_server && (*at_server)->has_heartbeat());
}

TEST(Identity, IsNewEachTimeAndItsFingerprintIsThatOfTheCertificateAlone) {
    const std::string one = make(), two = make();
    EXPECT_NE(*fingerprint_of(one), *fingerprint_of(two));
    EXPECT_EQ(*fingerprint_of(one), *fingerprint_of(*certificate_of(one)));
    EXPECT_EQ(certificate_of(one)->find("PRIVATE KEY"), std::string::npos);
    EXPECT_EQ(fingerprint_of("no PEM").error().code, Errc::corrupt);
    EXPECT_EQ(Security::listening(*certificate_of(one)).error().code, Errc::corrupt);
}

TEST(Fingerprint, IsReadAsOpensslWritesIt) {
    const std::string plain(64, 'a');
    std::string with_colons;
    for (int i = 0; i < 32; ++i) with_colons += i == 0 ? "AA" : ":AA";
    EXPECT_EQ(*parse_fingerprint(with_colons), plain);
    EXPECT_EQ(*parse_fingerprint(plain + "\n"), plain);
    EXPECT_EQ(parse_fingerprint(std::string(63, 'a')).error().code, Errc::invalid_input);
    EXPECT_EQ(parse_fingerprint(std::string(63, 'a') + "g").error().code, Errc::invalid_input);
}

TEST(Listening, BeyondLoopbackWantsTlsAndAToken) {
    const Security tls = *Security::listening(make());
    const auto address = [](const char* text) { return asio::ip::make_address(text); };
    EXPECT_TRUE(may_listen(address("127.0.0.1"), {}, ""));
    EXPECT_TRUE(may_listen(address("::1"), {}, ""));
    for (const char* text : {"10.0.0.1", "0.0.0.0", "::", "fe80::1", "::ffff:127.0.0.1"}) {
        EXPECT_TRUE(may_listen(address(text), tls, "secret")) << text;
        EXPECT_EQ(may_listen(address(text), {}, "secret").error().code, Errc::refused) << text;
        EXPECT_EQ(may_listen(address(text), tls, "").error().code, Errc::refused) << text;
    }
}

}  // namespace
}  // namespace bw::wire
