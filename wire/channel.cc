#include "wire/channel.h"

#include <chrono>
#include <tuple>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace bw::wire {

namespace asio = boost::asio;

namespace {
constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
}

Channel::Channel(Stream stream, Duration write_timeout)
    : stream_(std::move(stream)),
      read_deadline_(stream_.get_executor()),
      write_deadline_(stream_.get_executor()),
      write_timeout_(write_timeout) {
    boost::system::error_code ignored;
    stream_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
}

asio::awaitable<Result<void>> Channel::open(Duration timeout) {
    const auto self = shared_from_this();
    const Result<void> shaken = co_await stream_.handshake(timeout);
    if (!shaken) close();
    co_return shaken;
}

asio::awaitable<Result<proto::Frame>> Channel::read(Duration timeout) {
    const auto self = shared_from_this();  // the stream must outlive this coroutine
    timed_out_ = false;
    read_deadline_.expires_after(std::chrono::nanoseconds(timeout.ns));
    read_deadline_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
        const auto channel = weak.lock();
        if (error || channel == nullptr) return;
        channel->timed_out_ = true;
        channel->close();
    });
    std::string buffer(kHeaderBytes, '\0');
    Result<void> filled = co_await fill(buffer);
    if (!filled) co_return filled.error();
    const Result<std::size_t> size = decode_header(buffer);
    if (!size) {
        close();
        co_return size.error();
    }
    buffer.assign(*size, '\0');
    filled = co_await fill(buffer);
    if (!filled) co_return filled.error();
    read_deadline_.cancel();
    Result<proto::Frame> frame = decode_body(buffer);
    if (!frame) close();
    co_return frame;
}

asio::awaitable<Result<void>> Channel::fill(std::string& buffer) {
    const asio::mutable_buffer into = asio::buffer(buffer);
    auto reading = asio::async_read(stream_, into, kNoThrow);
    const std::tuple<boost::system::error_code, std::size_t> outcome = co_await std::move(reading);
    const boost::system::error_code error = std::get<0>(outcome);
    if (!error) co_return boost::system::in_place_value;
    read_deadline_.cancel();
    close();
    if (timed_out_) co_return fail(Errc::timed_out, "the peer was silent for too long");
    co_return fail(Errc::peer_gone, "the connection ended: " + error.message());
}

void Channel::send(const proto::Frame& frame) {
    if (!is_open() || closing_) return;
    std::string bytes = encode_frame(frame);
    queued_bytes_ += bytes.size();
    queue_.push_back(std::move(bytes));
    if (queued_bytes_ > kQueueBytesMax) {
        close();
        return;
    }
    if (!writing_) write_next();
}

void Channel::send_sample(const proto::Frame& frame) {
    if (queued_bytes_ < kSampleQueueBytesMax) send(frame);
}

void Channel::close() {
    stream_.close();
    write_deadline_.cancel();
    read_deadline_.cancel();
}

void Channel::close_when_written() {
    closing_ = true;
    if (!writing_) close();
}

void Channel::write_next() {
    writing_ = true;
    write_deadline_.expires_after(std::chrono::nanoseconds(write_timeout_.ns));
    write_deadline_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
        const auto channel = weak.lock();
        if (!error && channel != nullptr) channel->close();
    });
    asio::async_write(
        stream_,
        asio::buffer(queue_.front()),
        [self = shared_from_this()](const boost::system::error_code& error, std::size_t) {
            self->on_written(error);
        }
    );
}

void Channel::on_written(const boost::system::error_code& error) {
    writing_ = false;
    write_deadline_.cancel();
    if (error || !is_open()) {
        close();
        return;
    }
    queued_bytes_ -= queue_.front().size();
    queue_.pop_front();
    if (!queue_.empty()) {
        write_next();
    } else if (closing_) {
        close();
    }
}

}  // namespace bw::wire
