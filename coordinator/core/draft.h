// What decide() works on: the state as it is, the events decided so far, and the few records that
// these have changed. apply() itself makes the changes, on copies, so that a later part of a
// decision sees exactly what the state will be; the cost is that of the unfinished work, never of
// the history. Private to coordinator/core; one decision long.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "coordinator/core/event.h"
#include "coordinator/core/state.h"

namespace bw::core {

/// Reads a state, with the changed records of a decision before the others when there is one.
/// Copyable; the states must outlive it.
class View {
public:
    explicit View(const State& base) : base_(&base), newest_(&base) {}

    View(const State& base, const State& changed) : base_(&base), newest_(&changed) {}

    [[nodiscard]] const JobRecord& job(JobId id) const;
    /// Inside a decision `jobs` may hold no more than the last one.
    [[nodiscard]] const SweepRecord& sweep(SweepId id) const;

    /// nullptr: none is known.
    [[nodiscard]] const plan::Profile* profile(const std::string& key) const;

    [[nodiscard]] const std::map<AgentId, AgentRecord>& agents() const { return newest_->agents; }

    [[nodiscard]] const Arrivals& arrivals() const { return newest_->arrivals; }

    [[nodiscard]] const std::set<JobId>& unfinished() const { return newest_->unfinished; }

    [[nodiscard]] const std::set<SweepId>& open() const { return newest_->open; }

private:
    const State* base_;
    const State* newest_;  // whose agents and sets are complete
};

class Draft {
public:
    Draft(const State& base, Instant now);

    /// Decides the event and applies it to the changed records.
    void add(Event event);

    [[nodiscard]] View view() const { return View(base_, changed_); }

    [[nodiscard]] const State& base() const { return base_; }

    [[nodiscard]] Instant now() const { return now_; }

    [[nodiscard]] SweepId next_sweep() const { return {changed_.sweeps_last + 1}; }

    [[nodiscard]] JobId next_job() const { return {changed_.jobs_last + 1}; }

    [[nodiscard]] AgentId next_agent() const { return {changed_.agents_last + 1}; }

    [[nodiscard]] std::uint64_t next_agent_epoch() const { return changed_.agent_epochs_last + 1; }

    std::vector<Event> take_events() { return std::move(events_); }

private:
    void pull(SweepId id);
    void pull(JobId id);

    const State& base_;
    Instant now_;
    State changed_;  // all agents, sets and counters; of sweeps and jobs only the changed ones
    std::vector<Event> events_;
};

}  // namespace bw::core
