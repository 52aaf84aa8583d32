#include "coordinator/observe/totals.h"

#include <algorithm>

namespace bw::observe {

using core::JobState;

bool is_over(const core::AttemptRecord& attempt) {
    return std::ranges::all_of(attempt.ranks, &core::RankRecord::ended);
}

Duration held_by(const core::AttemptRecord& attempt, Instant now) {
    const Instant until = is_over(attempt) ? attempt.ended_at : now;
    const std::int64_t each = std::max<std::int64_t>((until - attempt.placed_at).ns, 0);
    return {each * std::ssize(attempt.ranks)};
}

Duration held_by(const core::JobRecord& job, Instant now) {
    Duration sum;
    for (const core::AttemptRecord& attempt : job.attempts) sum.ns += held_by(attempt, now).ns;
    return sum;
}

Totals totals_of(const core::State& state, const core::SweepRecord& sweep) {
    Totals totals;
    for (const JobId id : sweep.jobs) {
        const core::JobRecord& job = state.jobs.at(id);
        if (core::is_terminal(job.state)) ++totals.jobs[job.state];
        totals.attempts += job.attempts.size();
        for (const core::AttemptRecord& attempt : job.attempts) {
            if (!is_over(attempt)) continue;
            ++totals.ended[core::cause_of(attempt)];
            totals.held.ns += held_by(attempt, attempt.ended_at).ns;
        }
    }
    return totals;
}

std::uint64_t failures_of(const core::JobRecord& job) {
    std::uint64_t failures = 0;
    for (const core::AttemptRecord& attempt : job.attempts) {
        if (!is_over(attempt)) continue;
        const core::RankOutcome outcome = core::cause_of(attempt);
        const bool is_failure =
            outcome == core::RankOutcome::failed || outcome == core::RankOutcome::died;
        failures += is_failure ? 1 : 0;
    }
    return failures;
}

std::optional<Instant> waits_since(const core::State& state, const core::JobRecord& job) {
    if (job.state != JobState::queued && job.state != JobState::waiting_retry) return std::nullopt;
    const Instant since = job.attempts.empty() ? state.sweeps.at(job.sweep).submitted_at
                                               : job.attempts.back().ended_at;
    return std::max(since, job.not_before);
}

}  // namespace bw::observe
