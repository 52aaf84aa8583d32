// The coordinator's three pure functions (DESIGN 4). None blocks, throws, logs, or reads a clock.
//   decide:     all policy. It may change in any release; a replay never calls it.
//   apply:      bookkeeping only, total, without policy. The only function that changes State.
//   effects_of: what the shell must do after the event is durable; idempotent, so it may be
//   repeated after a crash.
#pragma once

#include <vector>

#include "coordinator/core/effect.h"
#include "coordinator/core/event.h"
#include "coordinator/core/input.h"
#include "coordinator/core/state.h"

namespace bw::core {

/// What an input leads to, in the order in which it happens. The events of one call are applied and
/// journaled together. Stale or repeated inputs yield nothing.
std::vector<Event> decide(const State& state, const Input& input, Instant now);

void apply(State& state, const Event& event);

/// `state` is the state after the event.
std::vector<Effect> effects_of(const State& state, const Event& event);

/// When the shell must call decide(Tick) next, or nothing.
std::optional<Instant> next_timer(const State& state);

/// Points that a searcher must give (is_searched): the shell asks it, off the loop, and brings what
/// it says as SearcherAnswered. One that asks again after a crash asks for the same.
struct PointsWanted {
    SweepId sweep;
    std::uint64_t first = 0;  // ordinal
    std::uint64_t count = 0;
    friend bool operator==(const PointsWanted&, const PointsWanted&) = default;
};

/// No sooner than slots are free, so that each point knows all results there are. In the order of
/// the sweeps.
std::vector<PointsWanted> wanted_points(const State& state, Instant now);

/// Why the job is where it is: one line per constraint that holds it back, by the list that
/// placement evaluates.
std::vector<std::string> explain(const State& state, JobId job, Instant now);

/// How an attempt whose ranks have all ended did so: the outcome of the rank that is the cause.
RankOutcome cause_of(const AttemptRecord& attempt);

/// Why a command would do nothing, or not all that it asks for; nothing when it can be carried out.
/// decide() is safe without it: it leaves alone what cannot be done.
std::optional<std::string> why_not(const State& state, const CancelJobs& input);
std::optional<std::string> why_not(const State& state, const PauseJobs& input);
std::optional<std::string> why_not(const State& state, const ResumeJobs& input);
std::optional<std::string> why_not(const State& state, const RetryJobs& input);
std::optional<std::string> why_not(const State& state, const DrainAgent& input);
std::optional<std::string> why_not(const State& state, const ReturnAgent& input);

/// Every invariant that is broken, as sentences; empty when all hold. Tests call it after every
/// event.
std::vector<std::string> broken_invariants(const State& state);

}  // namespace bw::core
