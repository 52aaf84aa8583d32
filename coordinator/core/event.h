// Events: facts and decisions, the only way in which State changes and all that the journal holds.
// THE MEANING OF AN EVENT IS FROZEN. To change one: add a new event, keep apply() for the old one,
// bump base/version.h's kJournalVersion, add the old journal to tests/data/journal.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "coordinator/core/control_events.h"
#include "coordinator/core/job_events.h"
#include "coordinator/core/search_events.h"

namespace bw::core {

// ---- sweeps and points

struct SweepSubmitted {
    SweepId sweep;
    std::string file_name;    // as the client named it, for messages only
    std::string text;         // the file; parsed again by apply
    std::string fingerprint;  // Sweep::fingerprint
    Instant at;
    friend bool operator==(const SweepSubmitted&, const SweepSubmitted&) = default;
};

/// A known sweep was submitted again with other limits (they are no part of its identity).
struct SweepLimitsChanged {
    SweepId sweep;
    std::string text;  // carries the new run_cap, concurrency, retries, budget, max_failures
    friend bool operator==(const SweepLimitsChanged&, const SweepLimitsChanged&) = default;
};

struct SuggestedPoint {
    JobId job;
    std::uint64_t ordinal = 0;
    std::string hash;
    std::string params_json;
    friend bool operator==(const SuggestedPoint&, const SuggestedPoint&) = default;
};

/// The searcher's answer: these points become jobs. `exhausted`: there are no more.
struct PointsSuggested {
    SweepId sweep;
    std::vector<SuggestedPoint> points;
    bool exhausted = false;
    friend bool operator==(const PointsSuggested&, const PointsSuggested&) = default;
};

struct SweepEnded {
    SweepId sweep;
    Instant at;
    friend bool operator==(const SweepEnded&, const SweepEnded&) = default;
};

// ---- agents

struct SlotInfo {
    std::string kind;                     // "cpu" or the GPU's name
    std::int64_t memory_limit_bytes = 0;  // 0: none known
    int threads = 1;
    friend bool operator==(const SlotInfo&, const SlotInfo&) = default;
};

/// An agent joined, or came back with a new epoch. Everything of its earlier epochs is over.
struct AgentJoined {
    AgentId agent;
    std::uint64_t epoch = 0;  // fencing token of the session, grows with every join
    std::string name;  // host name and process, stable over reconnects: the agent's own identity
    std::string host;  // address for rendezvous
    std::vector<SlotInfo> slots;
    Instant at;
    int metrics_port = 0;  // of `host`, where it serves /metrics; 0: it does not
    friend bool operator==(const AgentJoined&, const AgentJoined&) = default;
};

/// The agent's lease ended, or it said farewell: its slots are gone, its attempts are lost.
struct AgentLost {
    AgentId agent;
    std::uint64_t epoch = 0;
    std::string reason;
    Instant at;
    friend bool operator==(const AgentLost&, const AgentLost&) = default;
};

using Event = std::variant<
    SweepSubmitted,
    SweepLimitsChanged,
    PointsSuggested,
    SweepEnded,
    AgentJoined,
    AgentLost,
    AttemptPlaced,
    StoreOpened,
    AttemptRunning,
    CheckpointAccepted,
    EpochMeasured,
    RankEnded,
    AttemptStopping,
    JobRequeued,
    JobEnded,
    SweepPaused,
    SweepResumed,
    SweepCancelled,
    SweepReopened,
    JobPaused,
    JobResumed,
    JobWorldSizeSet,
    JobReopened,
    AgentDraining,
    AgentReturned,
    AgentsExpected,
    AgentsSettled,
    ProfileLearned,
    SearchEnded,
    JobHeld,
    JobPromoted>;

}  // namespace bw::core
