#include "cli/client.h"

#include <chrono>
#include <optional>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include "cli/coordinator_address.h"
#include "coordinator/http/json_text.h"
#include "wire/stream.h"

namespace bw::cli {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using coordinator::Endpoint;

namespace {

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
constexpr Duration kHandshakeLimit = seconds(15);
constexpr auto kRequestLimit = std::chrono::seconds(60);
constexpr auto kSilenceLimit = std::chrono::seconds(40);  // the server sends a comment every 10 s
constexpr std::size_t kEventBytesMax = 16 * 1024 * 1024;

Error unreachable(const Endpoint& endpoint, const boost::system::error_code& error) {
    return fail(
        Errc::peer_gone,
        "cannot reach the coordinator at " + endpoint.host + ":" +
            std::to_string(endpoint.http_port) + ": " + error.message()
    );
}

Result<nlohmann::json> read_reply(const beast::http::response<beast::http::string_body>& reply) {
    nlohmann::json body = nlohmann::json::parse(reply.body(), nullptr, false);
    if (body.is_discarded()) return fail(Errc::corrupt, "the coordinator's reply is no JSON");
    // json converts from anything, so the value must be named as one.
    if (reply.result_int() < 400) return {boost::system::in_place_value, std::move(body)};
    const bool has_text = body.is_object() && body.contains("error") && body["error"].is_string();
    return fail(Errc::refused, has_text ? body["error"].get<std::string>() : reply.body());
}

// One message of an event stream: `event: NAME` and `data: JSON` lines.
bool pass_on(const std::string& message, const Client::OnEvent& on_event) {
    std::string name, data;
    for (std::size_t at = 0; at < message.size();) {
        const std::size_t end = std::min(message.find('\n', at), message.size());
        const std::string line = message.substr(at, end - at);
        if (line.starts_with("event: ")) name = line.substr(7);
        if (line.starts_with("data: ")) data = line.substr(6);
        at = end + 1;
    }
    const nlohmann::json body = nlohmann::json::parse(data, nullptr, false);
    const bool is_comment = name.empty() || body.is_discarded();
    return is_comment || on_event(name, body);
}

asio::awaitable<Result<wire::Stream>> connect(const Endpoint& endpoint) {
    const auto executor = co_await asio::this_coro::executor;
    tcp::resolver resolver(executor);
    const std::string port = std::to_string(endpoint.http_port);
    const auto found = co_await resolver.async_resolve(endpoint.host, port, kNoThrow);
    if (std::get<0>(found)) co_return unreachable(endpoint, std::get<0>(found));
    beast::tcp_stream connecting(executor);
    connecting.expires_after(kRequestLimit);
    const auto connected = co_await connecting.async_connect(std::get<1>(found), kNoThrow);
    if (std::get<0>(connected)) co_return unreachable(endpoint, std::get<0>(connected));
    wire::Stream stream(connecting.release_socket(), security_of(endpoint));
    const Result<void> shaken = co_await stream.handshake(kHandshakeLimit);
    if (!shaken) {
        co_return fail(
            shaken.error().code,
            "cannot reach the coordinator at " + endpoint.host + ":" + port + ": " +
                shaken.error().message
        );
    }
    co_return std::move(stream);
}

beast::http::request<beast::http::string_body> make_request(
    const Endpoint& endpoint, const std::string& method, const std::string& path, std::string body
) {
    beast::http::request<beast::http::string_body> request;
    request.version(11);
    request.method_string(method);
    request.target(path);
    request.set(beast::http::field::host, endpoint.host);
    request.set(beast::http::field::authorization, "Bearer " + endpoint.token);
    request.set(beast::http::field::content_type, "application/json");
    request.keep_alive(false);
    request.body() = std::move(body);
    request.prepare_payload();
    return request;
}

}  // namespace

asio::awaitable<Result<nlohmann::json>> Client::get(std::string path) {
    co_return co_await request("GET", std::move(path), "");
}

asio::awaitable<Result<nlohmann::json>> Client::post(std::string path, nlohmann::json body) {
    std::string text = http::to_text(body);
    co_return co_await request("POST", std::move(path), std::move(text));
}

asio::awaitable<Result<nlohmann::json>> Client::request(
    std::string method, std::string path, std::string body
) {
    Result<wire::Stream> connected = co_await connect(endpoint_);
    if (!connected) co_return connected.error();
    wire::Stream& stream = *connected;
    const auto request = make_request(endpoint_, method, path, std::move(body));
    stream.expires_after(kRequestLimit);
    const auto written = co_await beast::http::async_write(stream, request, kNoThrow);
    if (std::get<0>(written)) co_return unreachable(endpoint_, std::get<0>(written));
    beast::flat_buffer buffer;
    beast::http::response_parser<beast::http::string_body> parser;
    parser.body_limit(boost::none);
    const auto read = co_await beast::http::async_read(stream, buffer, parser, kNoThrow);
    if (std::get<0>(read)) co_return unreachable(endpoint_, std::get<0>(read));
    co_return read_reply(parser.get());
}

asio::awaitable<Result<void>> Client::follow(std::string path, OnEvent on_event) {
    Result<wire::Stream> connected = co_await connect(endpoint_);
    if (!connected) co_return connected.error();
    wire::Stream& stream = *connected;
    const auto request = make_request(endpoint_, "GET", path, "");
    const auto written = co_await beast::http::async_write(stream, request, kNoThrow);
    if (std::get<0>(written)) co_return unreachable(endpoint_, std::get<0>(written));

    std::string received;
    std::string delimiter = "\r\n\r\n";  // ends the header; then messages end with an empty line
    for (bool in_header = true;;) {
        stream.expires_after(kSilenceLimit);
        auto buffer = asio::dynamic_buffer(received, kEventBytesMax);
        const auto read = co_await asio::async_read_until(stream, buffer, delimiter, kNoThrow);
        if (wire::is_end_of_stream(std::get<0>(read))) co_return boost::system::in_place_value;
        if (std::get<0>(read)) co_return unreachable(endpoint_, std::get<0>(read));
        const std::string message = received.substr(0, std::get<1>(read));
        received.erase(0, message.size());
        if (in_header && !message.starts_with("HTTP/1.1 200")) {
            co_return fail(Errc::refused, "the coordinator refused to stream " + path);
        }
        if (!in_header && !pass_on(message, on_event)) co_return boost::system::in_place_value;
        in_header = false;
        delimiter = "\n\n";
    }
}

}  // namespace bw::cli
