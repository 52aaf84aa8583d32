// What counters had before a restart, from the state: so that they go on where they were, and
// Prometheus sees no work done twice. Pure.
#pragma once

#include <cstdint>
#include <map>

#include "coordinator/core/core.h"

namespace bw::observe {

/// All ranks of it have ended. Its record says so a moment later, with what follows from it.
bool is_over(const core::AttemptRecord& attempt);

/// Device time held by the attempt, until now while it is not over.
Duration held_by(const core::AttemptRecord& attempt, Instant now);

/// Likewise, of all the job's attempts.
Duration held_by(const core::JobRecord& job, Instant now);

struct Totals {
    std::uint64_t attempts = 0;
    std::map<core::RankOutcome, std::uint64_t> ended;  // attempts, by how they ended
    std::map<core::JobState, std::uint64_t> jobs;      // those in a terminal state
    Duration held;                                     // by attempts that are over
};

Totals totals_of(const core::State& state, const core::SweepRecord& sweep);

/// Attempts that failed or died.
std::uint64_t failures_of(const core::JobRecord& job);

/// Since when the job could run, if it waits for slots. From the state alone, so it is early where
/// no event tells (a job that was paused between its attempts).
std::optional<Instant> waits_since(const core::State& state, const core::JobRecord& job);

}  // namespace bw::observe
