// The coordinator's HTTP API from the client's side: requests with JSON bodies, and event streams.
// Coroutines on the caller's io_context; nothing here blocks or prints.
#pragma once

#include <functional>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <nlohmann/json.hpp>

#include "base/result.h"
#include "coordinator/endpoint.h"

namespace bw::cli {

class Client {
public:
    explicit Client(coordinator::Endpoint endpoint) : endpoint_(std::move(endpoint)) {}

    /// The reply's JSON. Errors: peer_gone (no connection), refused (a status of 400 or more, with
    /// the coordinator's own message), corrupt.
    boost::asio::awaitable<Result<nlohmann::json>> get(std::string path);
    boost::asio::awaitable<Result<nlohmann::json>> post(std::string path, nlohmann::json body);

    /// Returns whether there is more to wait for.
    using OnEvent = std::function<bool(const std::string& name, const nlohmann::json& data)>;

    /// Passes events on until `on_event` has enough or the coordinator closes the stream. Errors as
    /// above.
    boost::asio::awaitable<Result<void>> follow(std::string path, OnEvent on_event);

private:
    boost::asio::awaitable<Result<nlohmann::json>> request(
        std::string method, std::string path, std::string body
    );

    coordinator::Endpoint endpoint_;
};

}  // namespace bw::cli
