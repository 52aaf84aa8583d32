#include "coordinator/http/server.h"

#include <chrono>
#include <exception>
#include <optional>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "coordinator/http/json_text.h"
#include "metrics/scrape_token.h"
#include "wire/stream.h"

namespace bw::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;

namespace {

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
constexpr auto kIdleLimit = std::chrono::seconds(60);
constexpr Duration kHandshakeLimit = seconds(15), kFarewellLimit = seconds(2);
constexpr auto kKeepAlivePeriod = std::chrono::seconds(10);
constexpr auto kAcceptPause = std::chrono::milliseconds(100);

using Message = beast::http::request<beast::http::string_body>;

Request to_request(const Message& message) {
    const std::string_view target(message.target().data(), message.target().size());
    const std::size_t question = target.find('?');
    Request request;
    request.method = std::string(message.method_string());
    request.path = std::string(target.substr(0, question));
    if (question != std::string_view::npos)
        request.query = std::string(target.substr(question + 1));
    request.body = message.body();
    return request;
}

}  // namespace

struct Server::Impl : std::enable_shared_from_this<Server::Impl> {
    Impl(asio::io_context& context, ServerOptions server_options, Handler request_handler)
        : io(context),
          acceptor(context),
          options(std::move(server_options)),
          handler(std::move(request_handler)) {}

    asio::io_context& io;
    tcp::acceptor acceptor;
    ServerOptions options;
    Handler handler;
};

namespace {

using ImplPointer = std::shared_ptr<Server::Impl>;

bool is_authorized(const Server::Impl& server, const Message& message) {
    if (server.options.token.empty() || message.target() == "/healthz") return true;
    const auto header = message[beast::http::field::authorization];
    const std::string_view shown(header.data(), header.size());
    if (metrics::is_bearer(shown, server.options.token)) return true;
    const bool is_scrape = message.target() == "/metrics" || message.target() == "/sd";
    return is_scrape && message.method() == beast::http::verb::get &&
           !server.options.scrape_token.empty() &&
           metrics::is_bearer(shown, server.options.scrape_token);
}

// One open event stream: sends what the follower has queued, and a comment line when there is
// nothing for a while, so that a peer that is gone is noticed.
asio::awaitable<void> stream_events(wire::Stream& stream, std::shared_ptr<Follower> follower) {
    asio::steady_timer wake(stream.get_executor());
    follower->on_change = [&wake] { wake.cancel(); };
    std::string pending =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
        "Connection: close\r\n\r\n" +
        follower->take_all();
    while (!follower->overflowed()) {
        stream.expires_after(kIdleLimit);
        const auto buffer = asio::buffer(pending);
        const auto written = co_await asio::async_write(stream, buffer, kNoThrow);
        if (std::get<0>(written)) break;
        pending = follower->take_all();
        if (!pending.empty()) continue;
        if (follower->finished()) break;
        wake.expires_after(kKeepAlivePeriod);
        const auto waited = co_await wake.async_wait(kNoThrow);
        pending = follower->take_all();
        if (pending.empty() && !std::get<0>(waited)) pending = ": alive\n\n";
    }
    follower->on_change = {};
}

// The handler may reply at once or later (after an fsync), always on the loop.
asio::awaitable<Response> ask_handler(ImplPointer server, Request request) {
    struct Pending {
        explicit Pending(asio::any_io_executor executor) : ready(executor) {}

        asio::steady_timer ready;
        std::optional<Response> response;
    };

    const auto executor = co_await asio::this_coro::executor;
    auto pending = std::make_shared<Pending>(executor);
    pending->ready.expires_after(kIdleLimit);
    const Reply reply = [pending](Response response) {
        pending->response = std::move(response);
        pending->ready.cancel();
    };
    try {
        server->handler(request, reply);
    } catch (const std::exception& error) {
        // A request that its handler did not foresee costs that request, never the coordinator.
        reply(error_response(500, std::string("the request failed: ") + error.what()));
    }
    if (!pending->response) {
        const auto waited = co_await pending->ready.async_wait(kNoThrow);
        (void)waited;
    }
    if (!pending->response) co_return error_response(504, "no reply in time");
    co_return std::move(*pending->response);
}

asio::awaitable<bool> send_response(
    wire::Stream& stream, const Message& message, Response response
) {
    beast::http::response<beast::http::string_body> out;
    out.version(message.version());
    out.result(static_cast<unsigned>(response.status));
    out.set(beast::http::field::content_type, response.content_type);
    out.keep_alive(message.keep_alive());
    out.body() = std::move(response.body);
    out.prepare_payload();
    stream.expires_after(kIdleLimit);
    const auto written = co_await beast::http::async_write(stream, out, kNoThrow);
    co_return !std::get<0>(written) && out.keep_alive();
}

asio::awaitable<void> serve_session(ImplPointer server, tcp::socket socket) {
    wire::Stream stream(std::move(socket), server->options.security);
    const Result<void> shaken = co_await stream.handshake(kHandshakeLimit);
    beast::flat_buffer buffer;
    for (bool open = shaken.has_value(); open;) {
        beast::http::request_parser<beast::http::string_body> parser;
        parser.body_limit(kRequestBytesMax);
        stream.expires_after(kIdleLimit);
        const auto read = co_await beast::http::async_read(stream, buffer, parser, kNoThrow);
        if (std::get<0>(read)) break;
        const Message message = parser.release();
        Response response = error_response(401, "the token is missing or wrong");
        if (is_authorized(*server, message)) {
            Request request = to_request(message);
            response = co_await ask_handler(server, std::move(request));
        }
        if (response.follow) {
            co_await stream_events(stream, std::move(response.follow));
            break;
        }
        open = co_await send_response(stream, message, std::move(response));
    }
    co_await stream.finish(kFarewellLimit);
}

void on_session_end(std::exception_ptr error) {
    // Every await above reports by value; what still throws is memory exhaustion, which must not be
    // swallowed.
    if (error) std::rethrow_exception(error);
}

asio::awaitable<void> accept_sessions(ImplPointer server) {
    asio::steady_timer pause(server->io);
    for (;;) {
        auto accepted = co_await server->acceptor.async_accept(kNoThrow);
        if (std::get<0>(accepted) == asio::error::operation_aborted) co_return;
        if (std::get<0>(accepted)) {
            // Out of descriptors, most likely: wait for some to close instead of spinning.
            pause.expires_after(kAcceptPause);
            const auto waited = co_await pause.async_wait(kNoThrow);
            (void)waited;
            continue;
        }
        asio::co_spawn(
            server->io, serve_session(server, std::move(std::get<1>(accepted))), on_session_end
        );
    }
}

}  // namespace

Result<std::unique_ptr<Server>> Server::listen(
    asio::io_context& io, ServerOptions options, Handler handler
) {
    auto impl = std::make_shared<Impl>(io, std::move(options), std::move(handler));
    boost::system::error_code error;
    const auto address = asio::ip::make_address(impl->options.address, error);
    if (error)
        return fail(Errc::invalid_input, "\"" + impl->options.address + "\" is no IP address");
    const auto may = wire::may_listen(address, impl->options.security, impl->options.token);
    if (!may) return may.error();
    const tcp::endpoint endpoint(address, impl->options.port);
    impl->acceptor.open(endpoint.protocol(), error);
    if (!error) impl->acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) impl->acceptor.bind(endpoint, error);
    if (!error) impl->acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
        const Errc code = error == asio::error::address_in_use ? Errc::in_use : Errc::io;
        return fail(
            code,
            "cannot listen on " + impl->options.address + ":" + std::to_string(impl->options.port) +
                ": " + error.message()
        );
    }
    asio::co_spawn(io, accept_sessions(impl), on_session_end);
    return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::~Server() {
    boost::system::error_code ignored;
    impl_->acceptor.close(ignored);
}

std::uint16_t Server::port() const { return impl_->acceptor.local_endpoint().port(); }

Response error_response(int status, std::string_view message) {
    Response response;
    response.status = status;
    response.body = to_text({{"error", message}});
    return response;
}

}  // namespace bw::http
