// The questions: what GET answers from a View. Each is one route (routes.cc). Pure, but for
// verify and logs, which have files of their own. Errors become statuses (router.h).
#pragma once

#include "coordinator/api/render.h"
#include "coordinator/api/router.h"

namespace bw::api {

inline constexpr std::uint64_t kRowsMax = 10'000;  // of one page
inline constexpr std::uint64_t kRowsDefault = 100;

/// A result must be told that its value is a Json: that converts from anything.
inline Result<Json> done(Json body) { return {boost::system::in_place_value, std::move(body)}; }

using Reader = Result<Json> (*)(const View& view, const Call& call);

// ---- sweeps
Result<Json> list_sweeps(const View& view, const Call& call);
Result<Json> show_sweep(const View& view, const Call& call);
Result<Json> show_results(const View& view, const Call& call);
Result<Json> show_leaderboard(const View& view, const Call& call);
Result<Json> explain_sweep(const View& view, const Call& call);
Result<Json> show_selection(const View& view, const Call& call);

// ---- jobs
Result<Json> list_jobs(const View& view, const Call& call);
Result<Json> show_job(const View& view, const Call& call);
Result<Json> explain_job(const View& view, const Call& call);

// ---- agents
Result<Json> list_agents(const View& view, const Call& call);

/// Which page of a list a query asks for.
struct Page {
    std::uint64_t limit = kRowsDefault, offset = 0;

    /// Whether the row with this index (before any limit) is part of it.
    [[nodiscard]] bool holds(std::uint64_t index) const {
        return index >= offset && index - offset < limit;
    }
};

Result<Page> page_of(const Call& call);

/// The value of a query's key when it is one of these, empty when it is not given. Errors:
/// invalid_input naming them.
Result<std::string> choice_of(
    const Call& call, const std::string& key, const std::vector<std::string_view>& known
);

}  // namespace bw::api
