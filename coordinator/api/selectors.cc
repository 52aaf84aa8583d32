#include "coordinator/api/selectors.h"

#include <algorithm>
#include <filesystem>
#include <limits>

#include "base/text.h"
#include "coordinator/api/router.h"

namespace bw::api {

namespace {

constexpr std::uint64_t kNoEnd = std::numeric_limits<std::uint64_t>::max();

Error no_sweep(const core::State& state, const std::string& text) {
    if (state.sweeps.empty()) {
        return fail(
            Errc::not_found, "there are no sweeps yet; \"batchwright submit FILE\" submits one"
        );
    }
    std::vector<std::string> names;
    for (const auto& [id, sweep] : state.sweeps) names.push_back(name_of(sweep));
    const std::vector<std::string_view> known(names.begin(), names.end());
    return fail(
        Errc::not_found,
        "there is no sweep " + bw::quoted(text) + did_you_mean(text, known) + "; the newest is " +
            std::to_string(state.sweeps.rbegin()->first.value) + ", \"batchwright list\" shows all"
    );
}

Error no_points(std::string_view text) {
    return fail(
        Errc::invalid_input,
        "points: expected an ordinal (3), a list with ranges (1,4-7) or *, found " +
            bw::quoted(text)
    );
}

std::uint64_t ordinal_at(const core::State& state, JobId job) { return state.jobs.at(job).ordinal; }

Error no_job(const core::State& state, const core::SweepRecord& sweep, const OrdinalRange& wanted) {
    const bool single = wanted.first == wanted.last;
    const std::string what = "point" + std::string(single ? " " : "s ") +
                             std::to_string(wanted.first) +
                             (single ? "" : " to " + std::to_string(wanted.last));
    const std::string have = sweep.jobs.empty()
                                 ? "none so far"
                                 : "0 to " + std::to_string(ordinal_at(state, sweep.jobs.back())) +
                                       (sweep.exhausted ? "" : " so far");
    return fail(
        Errc::not_found,
        "sweep " + std::to_string(sweep.id.value) + " has no " + what + "; it has " + have
    );
}

// Ordinals grow along sweep.jobs.
std::vector<JobId>::const_iterator first_from(
    const core::State& state, const core::SweepRecord& sweep, std::uint64_t ordinal
) {
    return std::ranges::lower_bound(sweep.jobs, ordinal, {}, [&state](JobId job) {
        return ordinal_at(state, job);
    });
}

}  // namespace

std::string name_of(const core::SweepRecord& sweep) {
    if (sweep.sweep && !sweep.sweep->name.empty()) return sweep.sweep->name;
    return std::filesystem::path(sweep.file_name).filename().string();
}

Result<const core::SweepRecord*> pick_sweep(const core::State& state, const std::string& text) {
    if (text == "last" && !state.sweeps.empty()) return &state.sweeps.rbegin()->second;
    if (const auto number = read_number(text)) {
        const auto found = state.sweeps.find(SweepId{*number});
        if (found != state.sweeps.end()) return &found->second;
    }
    for (auto it = state.sweeps.rbegin(); it != state.sweeps.rend(); ++it) {
        if (name_of(it->second) == text) return &it->second;
    }
    return no_sweep(state, text);
}

Result<Points> parse_points(std::string_view text) {
    if (text == "*") return Points{{0, kNoEnd}};
    Points points;
    for (std::string_view rest = text;;) {
        const std::string_view item = rest.substr(0, rest.find(','));
        const std::size_t dash = item.find('-');
        const auto first = read_number(item.substr(0, dash));
        const auto last =
            dash == std::string_view::npos ? first : read_number(item.substr(dash + 1));
        if (!first || !last || *first > *last) return no_points(text);
        points.push_back({*first, *last});
        if (item.size() == rest.size()) return points;
        rest.remove_prefix(item.size() + 1);
    }
}

Result<std::vector<JobId>> pick_jobs(
    const core::State& state, const core::SweepRecord& sweep, std::string_view text
) {
    const auto points = parse_points(text);
    if (!points) return points.error();
    std::vector<JobId> jobs;
    for (const OrdinalRange& range : *points) {
        const std::size_t before = jobs.size();
        for (auto it = first_from(state, sweep, range.first); it != sweep.jobs.end(); ++it) {
            if (ordinal_at(state, *it) > range.last) break;
            jobs.push_back(*it);
        }
        if (jobs.size() == before && range.last != kNoEnd) return no_job(state, sweep, range);
    }
    std::ranges::sort(jobs);
    jobs.erase(std::ranges::unique(jobs).begin(), jobs.end());
    return jobs;
}

Result<const core::JobRecord*> pick_job(
    const core::State& state, const core::SweepRecord& sweep, std::string_view text
) {
    const auto ordinal = read_number(text);
    if (!ordinal) {
        return fail(
            Errc::invalid_input,
            "points: expected one ordinal, found " + bw::quoted(text) +
                "; GET .../jobs?points=" + std::string(text) + " lists several"
        );
    }
    const auto jobs = pick_jobs(state, sweep, text);
    if (!jobs) return jobs.error();
    return &state.jobs.at(jobs->front());
}

Result<Selected> select(const core::State& state, const std::string& selector) {
    const std::size_t slash = selector.rfind('/');
    const auto whole = pick_sweep(state, selector);
    if (whole) return Selected{*whole, std::nullopt};
    if (slash == std::string::npos) return whole.error();
    // A name may hold a slash; then what stands behind it is no list of points.
    const std::string points = selector.substr(slash + 1);
    const auto parsed = parse_points(points);
    const auto sweep = pick_sweep(state, selector.substr(0, slash));
    if (!sweep) return parsed ? sweep.error() : whole.error();
    if (!parsed) return parsed.error();
    return Selected{*sweep, points};
}

Result<const core::AgentRecord*> pick_agent(const core::State& state, const std::string& text) {
    if (const core::AgentRecord* agent = core::find_agent(state, text)) return agent;
    if (const auto number = read_number(text)) {
        const auto found = state.agents.find(AgentId{*number});
        if (found != state.agents.end()) return &found->second;
    }
    std::vector<std::string_view> known;
    for (const auto& [id, agent] : state.agents) known.push_back(agent.name);
    const std::string remedy = known.empty()
                                   ? "; none has joined yet, \"batchwright worker\" starts one"
                                   : "; \"batchwright agents\" shows all";
    return fail(
        Errc::not_found,
        "there is no agent " + bw::quoted(text) + did_you_mean(text, known) + remedy
    );
}

}  // namespace bw::api
