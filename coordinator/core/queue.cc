#include "coordinator/core/queue.h"

#include <map>

#include "coordinator/core/job_plan.h"
#include "coordinator/core/limits.h"
#include "coordinator/core/params.h"
#include "coordinator/core/placement.h"
#include "coordinator/core/retry.h"
#include "coordinator/core/stopping.h"
#include "sweeps/points.h"

namespace bw::core {
namespace {

struct Tally {
    std::int64_t unfinished = 0;
    std::int64_t never_placed = 0;
};

std::map<SweepId, Tally> tallies(const View& view) {
    std::map<SweepId, Tally> by_sweep;
    for (const SweepId id : view.open()) by_sweep[id];
    for (const JobId id : view.unfinished()) {
        const JobRecord& job = view.job(id);
        Tally& tally = by_sweep[job.sweep];
        ++tally.unfinished;
        if (job.attempts.empty()) ++tally.never_placed;
    }
    return by_sweep;
}

bool is_at_its_end(const sweeps::Sweep& sweep, std::uint64_t ordinal) {
    const auto count = sweeps::point_count(sweep);
    return count && ordinal >= *count;
}

// Of a searched sweep only the explicit points, and the end, are known here (search.cc).
bool needs_points(const View& view, const SweepRecord& sweep, const Tally& tally) {
    if (sweep.exhausted || sweep.cancelled || tally.never_placed > kPointsAhead / 2) return false;
    if (!sweeps::is_searched(*sweep.sweep)) return true;
    const std::uint64_t next = next_ordinal(view, sweep);
    return is_at_its_end(*sweep.sweep, next) || sweeps::point_at(*sweep.sweep, next).has_value();
}

PointsSuggested suggest(const Draft& draft, const SweepRecord& sweep, std::int64_t count) {
    PointsSuggested suggested{.sweep = sweep.id, .points = {}, .exhausted = false};
    std::uint64_t ordinal = next_ordinal(draft.view(), sweep);
    JobId job = draft.next_job();
    for (; count > 0; --count, ++ordinal, ++job.value) {
        auto point = sweeps::point_at(*sweep.sweep, ordinal);
        if (!point) break;
        std::string params_json = sweeps::to_json(sweeps::Value{std::move(point->params)});
        suggested.points.push_back({job, ordinal, std::move(point->hash), std::move(params_json)});
    }
    suggested.exhausted = sweeps::is_searched(*sweep.sweep)
                              ? is_at_its_end(*sweep.sweep, ordinal)
                              : !sweeps::point_at(*sweep.sweep, ordinal).has_value();
    return suggested;
}

void refuse_impossible(Draft& draft, const PointsSuggested& suggested) {
    for (const SuggestedPoint& point : suggested.points) {
        const auto plan = plan_of(
            *draft.view().sweep(suggested.sweep).sweep,
            point.params_json,
            draft.view().job(point.job).world_size
        );
        if (plan) continue;
        draft.add(unsuccessful_end(
            draft.view().job(point.job), JobState::refused, plan.error().message, draft.now()
        ));
    }
}

int wanted_size(const SweepRecord& sweep, const SuggestedPoint& point) {
    if (sweep.world_size != 0) return sweep.world_size;
    if (sweep.sweep->options.per_model.empty()) return 0;
    const std::string model = find_text_param(point.params_json, "model").value_or("");
    return static_cast<int>(sweeps::world_size_for(*sweep.sweep, model).value_or(0));
}

// A sweep that was resumed at another world size runs its later points so as well, those that can;
// one whose text says so for a model those of the model.
void resize_new(Draft& draft, const PointsSuggested& suggested) {
    const SweepRecord& sweep = draft.view().sweep(suggested.sweep);
    for (const SuggestedPoint& point : suggested.points) {
        const int size = wanted_size(sweep, point);
        if (size != 0 && plan_of(*sweep.sweep, point.params_json, size))
            draft.add(JobWorldSizeSet{point.job, size});
    }
}

// One chunk for every sweep that is short of points. How many were suggested.
std::int64_t suggest_points(Draft& draft) {
    std::int64_t count = 0;
    for (const auto& [id, tally] : tallies(draft.view())) {
        const SweepRecord& sweep = draft.view().sweep(id);
        if (!needs_points(draft.view(), sweep, tally)) continue;
        const PointsSuggested suggested = suggest(draft, sweep, kPointsAhead - tally.never_placed);
        accept_points(draft, suggested);
        count += std::ssize(suggested.points);
    }
    return count;
}

void requeue_due_retries(Draft& draft) {
    const std::set<JobId> unfinished = draft.view().unfinished();
    for (const JobId id : unfinished) {
        const JobRecord& job = draft.view().job(id);
        if (job.state != JobState::waiting_retry || job.not_before > draft.now()) continue;
        draft.add(JobRequeued{.job = id, .attempt = 0, .reason = job.reason, .not_before = {}});
    }
}

void end_sweeps(Draft& draft) {
    for (const auto& [id, tally] : tallies(draft.view())) {
        const SweepRecord& sweep = draft.view().sweep(id);
        if (tally.unfinished > 0 || (!sweep.exhausted && !sweep.cancelled)) continue;
        draft.add(SweepEnded{id, draft.now()});
    }
}

}  // namespace

std::uint64_t next_ordinal(const View& view, const SweepRecord& sweep) {
    return sweep.jobs.empty() ? 0 : view.job(sweep.jobs.back()).ordinal + 1;
}

void accept_points(Draft& draft, const PointsSuggested& suggested) {
    draft.add(suggested);
    resize_new(draft, suggested);
    refuse_impossible(draft, suggested);
}

void settle_queue(Draft& draft) {
    requeue_due_retries(draft);
    settle_bounds(draft);
    settle_rungs(draft);
    // Points that are refused and jobs that are placed make room for more points.
    std::int64_t budget = kPointsPerDecisionMax;
    for (;;) {
        const std::int64_t suggested = budget > 0 ? suggest_points(draft) : 0;
        budget -= suggested;
        const std::int64_t placed = place_jobs(draft);
        if (suggested == 0 && placed == 0) break;
    }
    end_sweeps(draft);
}

bool has_points_due(const State& state) {
    const View view(state);
    for (const auto& [id, tally] : tallies(view)) {
        if (needs_points(view, view.sweep(id), tally)) return true;
    }
    return false;
}

}  // namespace bw::core
