// Which function answers which request: one table of routes. Knows no resource. Loop thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "coordinator/http/server.h"

namespace bw::api {

/// A request whose target is taken apart: what stands for {sweep}, the query, the body.
struct Call {
    std::map<std::string, std::string> segments;
    std::map<std::string, std::string> query;
    std::string body;

    [[nodiscard]] const std::string& at(const std::string& segment) const {
        return segments.at(segment);
    }
};

struct Route {
    std::string method;              // "GET"
    std::string pattern;             // "/api/v1/sweeps/{sweep}/jobs"; {name} stands for one segment
    std::vector<std::string> query;  // the keys it knows; others are an error
    std::function<void(const Call&, http::Reply)> handler;
};

/// A request that has its reply. `route`: its pattern; of an unknown path or method `unknown`.
struct Answered {
    std::string method, route;
    int status = 0;
    bool is_stream = false;  // of events: it goes on
    Duration took;           // to the reply, not to its last byte
};

class Router {
public:
    void add(Route route) { routes_.push_back(std::move(route)); }

    /// Called for every request, after its reply. Before the first one.
    void watch(std::function<void(const Answered&)> watcher) { watcher_ = std::move(watcher); }

    /// 404 for an unknown path, 405 (with the methods that are known) for an unknown method, 400
    /// for a query that cannot be read or is not known.
    void handle(const http::Request& request, const http::Reply& reply) const;

private:
    [[nodiscard]] const Route* find(const http::Request& request, Call& call) const;
    [[nodiscard]] http::Response not_found(const http::Request& request) const;
    [[nodiscard]] http::Reply watched(
        const http::Request& request, const Route* route, http::Reply reply
    ) const;

    std::vector<Route> routes_;
    std::function<void(const Answered&)> watcher_;
};

/// A number of the query within limits, or `fallback` when it is not given. Errors: invalid_input
/// with key, value and limits.
Result<std::uint64_t> number_of(
    const Call& call, const std::string& key, std::uint64_t fallback, std::uint64_t max
);

/// The whole text as a number, or nothing.
std::optional<std::uint64_t> read_number(std::string_view text);

/// The error's text with the status that goes with its code.
http::Response error_of(const Error& error);

}  // namespace bw::api
