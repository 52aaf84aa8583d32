// A small HTTP/1.1 server for the API: requests to one handler, replies when they are ready, event
// streams from a Follower (feed.h). One thread: everything runs on the io_context's loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/io_context.hpp>

#include "base/result.h"
#include "coordinator/http/feed.h"
#include "wire/security.h"

namespace bw::http {

inline constexpr std::size_t kRequestBytesMax = 16 * 1024 * 1024;

struct Request {
    std::string method;  // "GET"
    std::string path;    // "/api/v1/sweeps/3", without the query
    std::string query;   // "offset=10", without the question mark
    std::string body;
};

struct Response {
    int status = 200;
    std::string body;
    std::string content_type = "application/json";
    /// Set: the reply is this event stream, which begins with what is queued in it.
    std::shared_ptr<Follower> follow = nullptr;
};

using Reply = std::function<void(Response)>;
using Handler = std::function<void(const Request&, Reply)>;

struct ServerOptions {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;  // 0: any free one
    std::string token;  // every request but GET /healthz must carry `Authorization: Bearer TOKEN`
    wire::Security security = {};   // in clear only on loopback
    std::string scrape_token = {};  // not empty: opens GET /metrics and GET /sd, nothing else
};

class Server {
public:
    /// Errors: in_use (the port), io, invalid_input (the address), refused (wire::may_listen).
    static Result<std::unique_ptr<Server>> listen(
        boost::asio::io_context& io, ServerOptions options, Handler handler
    );
    ~Server();

    [[nodiscard]] std::uint16_t port() const;

    struct Impl;

private:
    explicit Server(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

    std::shared_ptr<Impl> impl_;
};

/// `{"error": "..."}` with a status.
Response error_response(int status, std::string_view message);

}  // namespace bw::http
