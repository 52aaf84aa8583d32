// Budgets and failures of a sweep; what ends its search.
#include <algorithm>

#include "coordinator/core/curves.h"
#include "coordinator/core/retry.h"
#include "coordinator/core/stopping.h"

namespace bw::core {
namespace {

Duration device_time(const JobRecord& job, Instant now) {
    Duration time;
    for (const AttemptRecord& attempt : job.attempts) {
        const Instant until = attempt.ended ? attempt.ended_at : now;
        const Duration held = until - attempt.placed_at;
        time.ns += std::max<std::int64_t>(held.ns, 0) * std::ssize(attempt.ranks);
    }
    return time;
}

std::string hours_text(double hours) { return short_text(hours) + " device hours"; }

std::optional<std::string> exceeded(const Draft& draft, const SweepRecord& sweep) {
    const sweeps::Options& options = sweep.sweep->options;
    const auto before = draft.base().sweeps.find(sweep.id);
    if (before == draft.base().sweeps.end()) return std::nullopt;
    std::int64_t failures = 0;
    double seconds = 0;
    for (const JobId id : before->second.jobs) {
        const JobRecord& job = draft.view().job(id);
        if (job.state == JobState::failed) ++failures;
        if (options.budget.device_hours > 0) seconds += device_time(job, draft.now()).seconds();
    }
    if (options.max_failures > 0 && failures >= options.max_failures) {
        return std::to_string(failures) + (failures == 1 ? " job has" : " jobs have") +
               " failed (batchwright.max_failures)";
    }
    const double hours = seconds / 3600;
    if (options.budget.device_hours > 0 && hours >= options.budget.device_hours) {
        return "it has used " + hours_text(hours) + " of " +
               hours_text(options.budget.device_hours) + " (batchwright.budget)";
    }
    return std::nullopt;
}

}  // namespace

void end_search(Draft& draft, SweepId id, const std::string& reason) {
    draft.add(SearchEnded{id, reason, draft.now()});
    const std::set<JobId> unfinished = draft.view().unfinished();
    for (const JobId job : unfinished) {
        const JobRecord& record = draft.view().job(job);
        if (record.sweep != id || !record.attempts.empty()) continue;
        draft.add(early_end(job, "never started: " + reason, draft.now()));
    }
}

void settle_bounds(Draft& draft) {
    const std::set<SweepId> open = draft.view().open();
    for (const SweepId id : open) {
        const SweepRecord& sweep = draft.view().sweep(id);
        const sweeps::Options& options = sweep.sweep->options;
        const bool is_bounded = options.max_failures > 0 || options.budget.device_hours > 0;
        if (!is_bounded || !sweep.search_end.empty() || sweep.cancelled) continue;
        if (const auto reason = exceeded(draft, sweep)) end_search(draft, id, *reason);
    }
}

}  // namespace bw::core
