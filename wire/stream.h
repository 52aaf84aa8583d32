// One TCP connection, in clear or under TLS, behind the same calls: an AsyncStream of Asio, so that
// asio::async_read, async_write and Beast take it. At most one read and one write at a time. Loop
// thread only.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "base/result.h"
#include "base/time.h"
#include "wire/erased_handler.h"
#include "wire/security.h"

namespace bw::wire {

class Stream {
public:
    using executor_type = boost::asio::any_io_executor;

    /// Implicitly from a socket: in clear.
    Stream(boost::asio::ip::tcp::socket socket, const Security& security = {});  // NOLINT
    Stream(Stream&&) noexcept;
    Stream& operator=(Stream&&) noexcept;
    ~Stream();

    /// First of all, also in clear, where there is nothing to do. Errors: peer_gone, timed_out,
    /// refused (another certificate than the pinned one; both are named).
    boost::asio::awaitable<Result<void>> handshake(Duration timeout);

    /// Ends TLS in order, so that the peer can tell an end from a cut (in clear there is nothing to
    /// end). Then close().
    boost::asio::awaitable<void> finish(Duration timeout);

    /// Operations that begin from now on end with beast::error::timeout at this time.
    void expires_after(std::chrono::nanoseconds timeout);
    void expires_never();

    void close();  // at once; operations in flight end with operation_aborted

    [[nodiscard]] bool is_open() const;
    [[nodiscard]] boost::asio::ip::tcp::socket& socket();
    [[nodiscard]] executor_type get_executor();

    template <class Buffers, class Token>
    auto async_read_some(const Buffers& buffers, Token&& token) {
        return boost::asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(
            [this](auto handler, boost::asio::mutable_buffer into) {
                read_some(into, ErasedHandler(std::move(handler), get_executor()));
            },
            token,
            first_of<boost::asio::mutable_buffer>(buffers)
        );
    }

    template <class Buffers, class Token>
    auto async_write_some(const Buffers& buffers, Token&& token) {
        return boost::asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(
            [this](auto handler, boost::asio::const_buffer from) {
                write_some(from, ErasedHandler(std::move(handler), get_executor()));
            },
            token,
            first_of<boost::asio::const_buffer>(buffers)
        );
    }

private:
    struct Impl;

    template <class Buffer, class Buffers>
    static Buffer first_of(const Buffers& buffers) {
        const auto end = boost::asio::buffer_sequence_end(buffers);
        for (auto it = boost::asio::buffer_sequence_begin(buffers); it != end; ++it) {
            const Buffer buffer(*it);
            if (buffer.size() > 0) return buffer;
        }
        return {};
    }

    void read_some(boost::asio::mutable_buffer into, ErasedHandler handler);
    void write_some(boost::asio::const_buffer from, ErasedHandler handler);
    [[nodiscard]] Result<void> check_pin() const;

    std::unique_ptr<Impl> impl_;
};

/// Whether a read ended because the peer closed: in order, or under TLS without saying so.
bool is_end_of_stream(const boost::system::error_code& error);

}  // namespace bw::wire
