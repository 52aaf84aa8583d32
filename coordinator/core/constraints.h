// What may hold a waiting job back, as one list of named values: placement and explain() evaluate
// the same list, so an explanation cannot drift from the decision. Private to coordinator/core.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "coordinator/core/draft.h"

namespace bw::core {

/// The slots of one kind on live agents.
struct SlotPool {
    std::int64_t total = 0;
    std::int64_t draining = 0;  // of these, on agents that take no new attempt
    std::vector<SlotRef> all;   // ascending
    std::vector<SlotRef> free;  // ascending; none of a draining agent
};

/// What the constraints look at; placement keeps it current while it places.
struct Situation {
    View view;
    Instant now;
    std::map<std::string, SlotPool> pools;   // by kind of slot
    std::map<SweepId, std::int64_t> placed;  // live attempts
    std::optional<JobId> head;               // the oldest job that waits for slots to become free
};

/// Those whose slots a sweep's jobs may use, accelerators first.
std::vector<const SlotPool*> pools_for(const Situation& situation, const SweepRecord& sweep);

Situation make_situation(const View& view, Instant now);

/// Jobs without a live attempt, in the order in which they get slots: by sweep, then by job.
std::vector<JobId> waiting_line(const View& view);

enum class Holds { the_job, its_sweep, all_behind };

struct Constraint {
    const char* name;
    Holds holds;  // who else waits with a job that this holds back
    /// What the job waits for, or nothing.
    std::optional<std::string> (*obstacle)(const Situation& situation, const JobRecord& job);
};

std::span<const Constraint> constraints();

/// The first constraint that holds the job back, or nullptr.
const Constraint* find_holding(const Situation& situation, const JobRecord& job);

/// The oldest job that waits for slots, as placement would meet it; nothing behind it is placed.
std::optional<JobId> find_head(const Situation& situation);

/// How many more jobs of the sweep could start now: free gangs of its world size, as far as its
/// concurrency allows. What waits already is not looked at.
std::int64_t free_gangs(const Situation& situation, const SweepRecord& sweep);

/// A gang of the job's world size: of one kind, with memory enough as far as is known, on one agent
/// if one has room, else on the lowest (agent, slot). Empty when there is none.
std::vector<SlotRef> choose_slots(const Situation& situation, const JobRecord& job);

}  // namespace bw::core
