#include "metrics/listener.h"

#include <exception>
#include <string_view>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include "metrics/scrape_token.h"

namespace bw::metrics {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;

struct Listener::Impl {
    Impl(asio::io_context& context, ListenerOptions listener_options, Render render_function)
        : io(context),
          acceptor(context),
          options(std::move(listener_options)),
          render(std::move(render_function)) {}

    asio::io_context& io;
    tcp::acceptor acceptor;
    ListenerOptions options;
    Render render;  // empty once the listener is gone: what it refers to may be gone too
    int connections = 0;
};

namespace {

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
constexpr auto kAcceptPause = std::chrono::milliseconds(100);
constexpr std::size_t kHeaderBytesMax = 8 * 1024;

using ImplPointer = std::shared_ptr<Listener::Impl>;
using Request = http::request<http::empty_body>;
using Response = http::response<http::string_body>;

bool is_authorized(const ListenerOptions& options, const Request& request) {
    if (options.token.empty()) return true;
    const auto header = request[http::field::authorization];
    return is_bearer({header.data(), header.size()}, options.token);
}

bool is_for_metrics(const Request& request) {
    const std::string_view target(request.target().data(), request.target().size());
    return target.substr(0, target.find('?')) == "/metrics";
}

Response refusal(http::status status, std::string_view text) {
    Response response(status, 11);
    response.set(http::field::content_type, "text/plain; charset=utf-8");
    if (status == http::status::unauthorized) {
        response.set(http::field::www_authenticate, "Bearer");
    }
    if (status == http::status::method_not_allowed) response.set(http::field::allow, "GET");
    response.body() = text;
    return response;
}

Response answer(const Listener::Impl& listener, const Request& request) {
    if (!is_authorized(listener.options, request)) {
        return refusal(http::status::unauthorized, "the token is missing or wrong\n");
    }
    if (!is_for_metrics(request)) {
        return refusal(http::status::not_found, "there is only /metrics\n");
    }
    if (request.method() != http::verb::get) {
        return refusal(http::status::method_not_allowed, "there is only GET\n");
    }
    Exposition exposition = listener.render();
    Response response(http::status::ok, 11);
    response.set(http::field::content_type, exposition.content_type);
    response.body() = std::move(exposition.body);
    return response;
}

// Returns whether the connection stays open.
asio::awaitable<bool> serve_request(
    ImplPointer listener, beast::tcp_stream& stream, beast::flat_buffer& buffer
) {
    http::request_parser<http::empty_body> parser;
    parser.header_limit(kHeaderBytesMax);
    stream.expires_after(kPeerLimit);
    const auto read = co_await http::async_read(stream, buffer, parser, kNoThrow);
    if (std::get<0>(read) || !listener->render) co_return false;
    const Request request = parser.release();
    Response response = answer(*listener, request);
    response.version(request.version());
    response.keep_alive(request.keep_alive());
    response.prepare_payload();
    stream.expires_after(kPeerLimit);
    const auto written = co_await http::async_write(stream, response, kNoThrow);
    co_return !std::get<0>(written) && response.keep_alive();
}

asio::awaitable<void> serve_connection(ImplPointer listener, tcp::socket socket) {
    beast::tcp_stream stream(std::move(socket));
    beast::flat_buffer buffer;
    bool open = true;
    while (open) open = co_await serve_request(listener, stream, buffer);
    boost::system::error_code ignored;
    stream.socket().shutdown(tcp::socket::shutdown_both, ignored);
    --listener->connections;
}

void on_end(std::exception_ptr error) {
    // Every await above reports by value; what still throws is memory exhaustion, which must not be
    // swallowed.
    if (error) std::rethrow_exception(error);
}

asio::awaitable<void> accept_connections(ImplPointer listener) {
    asio::steady_timer pause(listener->io);
    for (;;) {
        auto accepted = co_await listener->acceptor.async_accept(kNoThrow);
        if (!listener->render) co_return;
        if (std::get<0>(accepted)) {
            // Out of descriptors, most likely: wait for some to close instead of spinning.
            pause.expires_after(kAcceptPause);
            const auto waited = co_await pause.async_wait(kNoThrow);
            (void)waited;
            if (!listener->render) co_return;
            continue;
        }
        if (listener->connections >= kConnectionsMax) continue;  // the socket closes here
        ++listener->connections;
        asio::co_spawn(
            listener->io, serve_connection(listener, std::move(std::get<1>(accepted))), on_end
        );
    }
}

}  // namespace

Result<std::unique_ptr<Listener>> Listener::listen(
    asio::io_context& io, ListenerOptions options, Render render
) {
    auto impl = std::make_shared<Impl>(io, std::move(options), std::move(render));
    const std::string& address_text = impl->options.address;
    boost::system::error_code error;
    const auto address = asio::ip::make_address(address_text, error);
    if (error) return fail(Errc::invalid_input, "\"" + address_text + "\" is no IP address");
    if (!address.is_loopback() && impl->options.token.empty()) {
        return fail(
            Errc::refused,
            "metrics on " + address_text +
                ": beyond loopback a token is needed; give one, or "
                "listen on 127.0.0.1"
        );
    }
    const tcp::endpoint endpoint(address, impl->options.port);
    impl->acceptor.open(endpoint.protocol(), error);
    if (!error) impl->acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) impl->acceptor.bind(endpoint, error);
    if (!error) impl->acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
        return fail(
            error == asio::error::address_in_use ? Errc::in_use : Errc::io,
            "cannot serve metrics on " + address_text + ":" + std::to_string(impl->options.port) +
                ": " + error.message()
        );
    }
    asio::co_spawn(io, accept_connections(impl), on_end);
    return std::unique_ptr<Listener>(new Listener(std::move(impl)));
}

Listener::Listener(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Listener::~Listener() {
    impl_->render = nullptr;
    boost::system::error_code ignored;
    impl_->acceptor.close(ignored);
}

std::uint16_t Listener::port() const { return impl_->acceptor.local_endpoint().port(); }

}  // namespace bw::metrics
