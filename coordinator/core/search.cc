// Points that come from a searcher outside of the core: which are wanted, and what becomes of them.
#include <algorithm>

#include "coordinator/core/constraints.h"
#include "coordinator/core/core.h"
#include "coordinator/core/handlers.h"
#include "coordinator/core/limits.h"
#include "coordinator/core/queue.h"
#include "coordinator/core/stopping.h"
#include "sweeps/points.h"

namespace bw::core {
namespace {

bool takes_points(const SweepRecord& sweep) {
    return sweeps::is_searched(*sweep.sweep) && !sweep.exhausted && !sweep.cancelled;
}

std::uint64_t room_below_cap(const SweepRecord& sweep, std::uint64_t next) {
    const auto count = sweeps::point_count(*sweep.sweep);
    return count ? *count - std::min(*count, next) : static_cast<std::uint64_t>(kPointsAhead);
}

// Jobs that will take slots before any new one does, once they can.
std::int64_t count_queued(const View& view, SweepId id) {
    return std::ranges::count_if(view.unfinished(), [&](JobId job) {
        return view.job(job).sweep == id && view.job(job).state == JobState::queued;
    });
}

}  // namespace

std::vector<PointsWanted> wanted_points(const State& state, Instant now) {
    std::vector<PointsWanted> wanted;
    const View view(state);
    std::optional<Situation> situation;
    for (const SweepId id : state.open) {
        const SweepRecord& sweep = state.sweeps.at(id);
        if (!takes_points(sweep) || sweep.paused) continue;
        const std::uint64_t next = next_ordinal(view, sweep);
        if (sweeps::point_at(*sweep.sweep, next)) continue;  // an explicit one: the core's own
        if (!situation) {
            situation = make_situation(view, now);
            situation->head = find_head(*situation);
        }
        const bool is_behind = situation->head && view.job(*situation->head).sweep <= id;
        const std::int64_t room =
            is_behind ? 0 : free_gangs(*situation, sweep) - count_queued(view, id);
        if (room <= 0) continue;
        const std::uint64_t count = std::min<std::uint64_t>(
            {static_cast<std::uint64_t>(std::min(room, kPointsAhead)), room_below_cap(sweep, next)}
        );
        if (count > 0) wanted.push_back({id, next, count});
    }
    return wanted;
}

void on_answer(Draft& draft, const SearcherAnswered& input) {
    if (!draft.base().open.contains(input.sweep)) return;
    const SweepRecord& sweep = draft.view().sweep(input.sweep);
    if (!takes_points(sweep) || input.first != next_ordinal(draft.view(), sweep)) return;
    PointsSuggested suggested{.sweep = input.sweep, .points = {}, .exhausted = false};
    const std::uint64_t room = room_below_cap(sweep, input.first);
    JobId job = draft.next_job();
    for (const SearcherAnswered::Point& point : input.points) {
        const std::uint64_t index = suggested.points.size();
        if (index == room) break;
        suggested.points.push_back({job, input.first + index, point.hash, point.params_json});
        ++job.value;
    }
    if (!suggested.points.empty()) accept_points(draft, suggested);
    if (!input.end.empty()) draft.add(SearchEnded{input.sweep, input.end, draft.now()});
}

}  // namespace bw::core
