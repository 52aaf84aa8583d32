#include "coordinator/api/router.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "base/number.h"
#include "base/text.h"
#include "coordinator/http/uri.h"

namespace bw::api {

namespace {

std::vector<std::string_view> split(std::string_view path) {
    std::vector<std::string_view> segments;
    if (path.starts_with('/')) path.remove_prefix(1);
    for (;;) {
        const std::size_t slash = path.find('/');
        segments.push_back(path.substr(0, slash));
        if (slash == std::string_view::npos) return segments;
        path.remove_prefix(slash + 1);
    }
}

bool is_variable(std::string_view segment) { return segment.starts_with('{'); }

// What the path holds in the place of the pattern's {names}, or nothing when it is another path.
std::optional<std::map<std::string, std::string>> match(
    std::string_view pattern, std::string_view path
) {
    const auto wanted = split(pattern), given = split(path);
    if (wanted.size() != given.size()) return std::nullopt;
    std::map<std::string, std::string> found;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        const auto text = http::decode(given[i]);
        if (!text) return std::nullopt;
        if (!is_variable(wanted[i])) {
            if (*text != wanted[i]) return std::nullopt;
            continue;
        }
        if (text->empty()) return std::nullopt;
        found[std::string(wanted[i].substr(1, wanted[i].size() - 2))] = *text;
    }
    return found;
}

std::string join(const auto& words) {
    std::string text;
    for (const auto& word : words) text += (text.empty() ? "" : ", ") + std::string(word);
    return text;
}

// The query and the body; the segments are there.
Result<Call> fill(Call call, const Route& route, const http::Request& request) {
    auto query = http::parse_query(request.query);
    if (!query) return query.error();
    const std::vector<std::string_view> known(route.query.begin(), route.query.end());
    for (const auto& [key, value] : *query) {
        if (std::ranges::find(known, key) != known.end()) continue;
        const std::string have = known.empty() ? "it takes no query" : "it knows " + join(known);
        return fail(
            Errc::invalid_input,
            request.method + " " + request.path + ": unknown key " + bw::quoted(key) +
                " in the query" + did_you_mean(key, known) + "; " + have
        );
    }
    call.query = std::move(*query);
    call.body = request.body;
    return call;
}

}  // namespace

void Router::handle(const http::Request& request, const http::Reply& reply) const {
    Call call;
    const Route* route = find(request, call);
    const http::Reply answer = watched(request, route, reply);
    if (route == nullptr) return answer(not_found(request));
    const auto filled = fill(std::move(call), *route, request);
    if (!filled) return answer(error_of(filled.error()));
    route->handler(*filled, answer);
}

const Route* Router::find(const http::Request& request, Call& call) const {
    for (const Route& route : routes_) {
        if (route.method != request.method) continue;
        auto segments = match(route.pattern, request.path);
        if (!segments) continue;
        call.segments = std::move(*segments);
        return &route;
    }
    return nullptr;
}

http::Response Router::not_found(const http::Request& request) const {
    std::set<std::string> methods;
    for (const Route& route : routes_) {
        if (match(route.pattern, request.path)) methods.insert(route.method);
    }
    const std::string asked = request.method + " " + bw::quoted(request.path);
    if (methods.empty())
        return http::error_response(404, "there is no " + asked + "; docs/clients.md lists all");
    return http::error_response(405, "there is no " + asked + ", only " + join(methods));
}

http::Reply Router::watched(const http::Request& request, const Route* route, http::Reply reply)
    const {
    if (!watcher_) return reply;
    using Clock = std::chrono::steady_clock;
    Answered answered;
    answered.method = request.method;
    answered.route = route == nullptr ? "unknown" : route->pattern;
    return [this, answered, reply = std::move(reply), begin = Clock::now()](http::Response response
           ) mutable {
        answered.status = response.status;
        answered.is_stream = response.follow != nullptr;
        answered.took = {std::chrono::nanoseconds(Clock::now() - begin).count()};
        reply(std::move(response));
        watcher_(answered);
    };
}

std::optional<std::uint64_t> read_number(std::string_view text) {
    return parse_number<std::uint64_t>(text);
}

Result<std::uint64_t> number_of(
    const Call& call, const std::string& key, std::uint64_t fallback, std::uint64_t max
) {
    const auto found = call.query.find(key);
    if (found == call.query.end()) return fallback;
    const auto number = read_number(found->second);
    if (number && *number <= max) return *number;
    return fail(
        Errc::invalid_input,
        key + ": expected an integer from 0 to " + std::to_string(max) + ", found " +
            bw::quoted(found->second)
    );
}

http::Response error_of(const Error& error) {
    int status = 500;
    if (error.code == Errc::invalid_input) status = 400;
    if (error.code == Errc::not_found) status = 404;
    if (error.code == Errc::refused || error.code == Errc::in_use) status = 409;
    return http::error_response(status, error.message);
}

}  // namespace bw::api
