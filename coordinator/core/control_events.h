// Events that people's commands lead to: what is held, resumed, cancelled, run again, drained
// (event.h says what binds them). THEIR MEANING IS FROZEN.
#pragma once

#include <cstdint>
#include <string>

#include "base/ids.h"
#include "base/time.h"

namespace bw::core {

// ---- sweeps

/// Points to come are born paused.
struct SweepPaused {
    SweepId sweep;
    Instant at;
    friend bool operator==(const SweepPaused&, const SweepPaused&) = default;
};

struct SweepResumed {
    SweepId sweep;
    int world_size = 0;  // of points to come, where it is possible; 0: as before
    Instant at;
    friend bool operator==(const SweepResumed&, const SweepResumed&) = default;
};

/// No more points are suggested.
struct SweepCancelled {
    SweepId sweep;
    Instant at;
    friend bool operator==(const SweepCancelled&, const SweepCancelled&) = default;
};

/// Jobs of a sweep that may have ended run again; its results are no longer final.
struct SweepReopened {
    SweepId sweep;
    bool suggests_again = false;  // a cancelled one: its points to come as well
    Instant at;
    friend bool operator==(const SweepReopened&, const SweepReopened&) = default;
};

// ---- jobs

/// It waits for a JobResumed: at once, or when `attempt` (0: none was live) has ended.
struct JobPaused {
    JobId job;
    std::uint32_t attempt = 0;
    std::string reason;
    Instant at;
    friend bool operator==(const JobPaused&, const JobPaused&) = default;
};

struct JobResumed {
    JobId job;
    Instant at;
    friend bool operator==(const JobResumed&, const JobResumed&) = default;
};

/// Its attempts from the next one on have so many ranks.
struct JobWorldSizeSet {
    JobId job;
    int world_size = 0;
    friend bool operator==(const JobWorldSizeSet&, const JobWorldSizeSet&) = default;
};

/// A job that ended without success is queued again, as if it had never failed; its checkpoint
/// stays.
struct JobReopened {
    JobId job;
    Instant at;
    friend bool operator==(const JobReopened&, const JobReopened&) = default;
};

// ---- agents

/// It takes no new attempt until it is returned or joins anew.
struct AgentDraining {
    AgentId agent;
    std::uint64_t epoch = 0;
    std::string reason;
    Instant at;
    friend bool operator==(const AgentDraining&, const AgentDraining&) = default;
};

struct AgentReturned {
    AgentId agent;
    std::uint64_t epoch = 0;
    Instant at;
    friend bool operator==(const AgentReturned&, const AgentReturned&) = default;
};

/// Whoever launched the coordinator starts so many agents; the newest counts.
struct AgentsExpected {
    int count = 0;
    Instant at;
    friend bool operator==(const AgentsExpected&, const AgentsExpected&) = default;
};

/// The agents that are there are taken for all that come: what fits no slot of theirs need not wait
/// for others. Until the next one joins.
struct AgentsSettled {
    Instant at;
    friend bool operator==(const AgentsSettled&, const AgentsSettled&) = default;
};

}  // namespace bw::core
