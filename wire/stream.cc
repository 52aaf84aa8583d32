#include "wire/stream.h"

#include <optional>
#include <tuple>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <openssl/ssl.h>

#include "wire/security_impl.h"

namespace bw::wire {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
namespace beast = boost::beast;
using asio::ip::tcp;

namespace {

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

using Plain = beast::tcp_stream;
using Tls = ssl::stream<beast::tcp_stream>;

}  // namespace

struct Stream::Impl {
    Impl(tcp::socket socket, const Security& its_security)
        : security(its_security), plain(std::move(socket)) {
        if (security.is_tls()) tls.emplace(std::move(plain), security.impl_->context);
    }

    Plain& lowest() { return tls ? tls->next_layer() : plain; }

    Security security;  // its context outlives the TLS session
    Plain plain;
    std::optional<Tls> tls;
};

Stream::Stream(tcp::socket socket, const Security& security)
    : impl_(std::make_unique<Impl>(std::move(socket), security)) {}

Stream::Stream(Stream&&) noexcept = default;
Stream& Stream::operator=(Stream&&) noexcept = default;
Stream::~Stream() = default;

asio::awaitable<Result<void>> Stream::handshake(Duration timeout) {
    if (!impl_->tls) co_return boost::system::in_place_value;
    const auto role = impl_->security.impl_->listens ? Tls::server : Tls::client;
    expires_after(std::chrono::nanoseconds(timeout.ns));
    auto shaking = impl_->tls->async_handshake(role, kNoThrow);
    const std::tuple<boost::system::error_code> outcome = co_await std::move(shaking);
    expires_never();
    const boost::system::error_code error = std::get<0>(outcome);
    if (!error) co_return check_pin();
    close();
    if (error == beast::error::timeout)
        co_return fail(Errc::timed_out, "the TLS handshake took too long");
    co_return fail(
        Errc::peer_gone,
        "the TLS handshake failed: " + error.message() + "; does the other end speak TLS at all?"
    );
}

Result<void> Stream::check_pin() const {
    if (impl_->security.impl_->listens) return boost::system::in_place_value;
    X509* certificate = SSL_get1_peer_certificate(impl_->tls->native_handle());
    const std::string found = certificate == nullptr ? "" : digest_of_certificate(certificate);
    X509_free(certificate);
    if (!found.empty() && found == impl_->security.fingerprint())
        return boost::system::in_place_value;
    impl_->lowest().close();
    return fail(
        Errc::refused,
        "whoever listens there has the certificate fingerprint " + found + ", expected " +
            impl_->security.fingerprint()
    );
}

asio::awaitable<void> Stream::finish(Duration timeout) {
    if (impl_->tls) {
        expires_after(std::chrono::nanoseconds(timeout.ns));
        auto ending = impl_->tls->async_shutdown(kNoThrow);
        const std::tuple<boost::system::error_code> ignored = co_await std::move(ending);
        static_cast<void>(ignored);
    }
    close();
}

void Stream::expires_after(std::chrono::nanoseconds timeout) {
    impl_->lowest().expires_after(timeout);
}

void Stream::expires_never() { impl_->lowest().expires_never(); }

void Stream::close() {
    boost::system::error_code ignored;
    socket().shutdown(tcp::socket::shutdown_both, ignored);
    impl_->lowest().close();
}

bool Stream::is_open() const { return impl_->lowest().socket().is_open(); }

tcp::socket& Stream::socket() { return impl_->lowest().socket(); }

Stream::executor_type Stream::get_executor() { return impl_->lowest().get_executor(); }

void Stream::read_some(asio::mutable_buffer into, ErasedHandler handler) {
    if (impl_->tls) {
        impl_->tls->async_read_some(into, std::move(handler));
    } else {
        impl_->plain.async_read_some(into, std::move(handler));
    }
}

void Stream::write_some(asio::const_buffer from, ErasedHandler handler) {
    if (impl_->tls) {
        impl_->tls->async_write_some(from, std::move(handler));
    } else {
        impl_->plain.async_write_some(from, std::move(handler));
    }
}

bool is_end_of_stream(const boost::system::error_code& error) {
    return error == asio::error::eof || error == ssl::error::stream_truncated;
}

}  // namespace bw::wire
