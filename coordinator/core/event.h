// Events: facts and decisions, the only way in which State changes and all that the journal holds.
// THE MEANING OF AN EVENT IS FROZEN. To change one: add a new event, keep apply() for the old one, bump
// base/version.h's kJournalVersion, add the old journal to tests/data/journal.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "plan/split.h"

namespace bw::core {

// ---- sweeps and points -----------------------------------------------------------------------------------------

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
    std::string text;  // carries the new run_cap and batchwright.{concurrency, retries}
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

// ---- agents ----------------------------------------------------------------------------------------------------

struct SlotInfo {
    std::string kind;                    // "cpu" or the GPU's name
    std::int64_t memory_limit_bytes = 0;  // 0: none known
    int threads = 1;
    friend bool operator==(const SlotInfo&, const SlotInfo&) = default;
};

/// An agent joined, or came back with a new epoch. Everything of its earlier epochs is over.
struct AgentJoined {
    AgentId agent;
    std::uint64_t epoch = 0;  // fencing token of the session, grows with every join
    std::string name;         // host name and process, stable over reconnects: the agent's own identity
    std::string host;         // address for rendezvous
    std::vector<SlotInfo> slots;
    Instant at;
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

// ---- jobs and attempts -----------------------------------------------------------------------------------------

struct Checkpoint {
    std::int64_t step = 0;
    std::string path;
    friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

/// The gang is placed: rank r runs on slots[r].
struct AttemptPlaced {
    JobId job;
    std::uint32_t attempt = 0;
    std::vector<SlotRef> slots;
    plan::Plan plan;
    std::optional<Checkpoint> resume;
    Instant at;
    friend bool operator==(const AttemptPlaced&, const AttemptPlaced&) = default;
};

struct StoreOpened {
    JobId job;
    std::uint32_t attempt = 0;
    std::string host;
    int port = 0;
    friend bool operator==(const StoreOpened&, const StoreOpened&) = default;
};

struct AttemptRunning {
    JobId job;
    std::uint32_t attempt = 0;
    std::int64_t step = 0;
    std::int64_t total_steps = 0;
    std::string data_fingerprint;
    Instant at;
    friend bool operator==(const AttemptRunning&, const AttemptRunning&) = default;
};

/// Accepted from the live attempt: from now on the job may resume from it.
struct CheckpointAccepted {
    JobId job;
    std::uint32_t attempt = 0;
    Checkpoint checkpoint;
    friend bool operator==(const CheckpointAccepted&, const CheckpointAccepted&) = default;
};

struct EpochMeasured {
    JobId job;
    std::uint32_t attempt = 0;
    int epoch = 0;
    std::int64_t step = 0;
    std::map<std::string, double> values;  // train_loss, train_accuracy, test_loss, test_accuracy; finite ones only
    friend bool operator==(const EpochMeasured&, const EpochMeasured&) = default;
};

enum class RankOutcome {
    finished = 1,
    stopped = 2,  // at an agreed step, on request
    failed = 3,   // said so itself
    died = 4,     // the process ended without a word: killed, crashed
    lost = 5,     // with its agent
};

struct JobResult {
    std::string weights_sha256;
    std::int64_t samples_per_step_min = 0, samples_per_step_max = 0;
    std::int64_t micro_batch = 0, accumulation = 0;
    std::int64_t peak_bytes = 0;
    std::map<std::string, double> metrics;  // train_loss, test_loss, test_accuracy, samples_per_second; finite ones only
    friend bool operator==(const JobResult&, const JobResult&) = default;
};

/// The process of one rank is gone and its slot is free.
struct RankEnded {
    JobId job;
    std::uint32_t attempt = 0;
    int rank = 0;
    RankOutcome outcome = RankOutcome::finished;
    bool retry = true;  // of `failed`: whether another attempt can help
    std::int64_t step = 0;
    std::string reason;
    std::optional<JobResult> result;  // rank 0, finished
    Instant at;
    friend bool operator==(const RankEnded&, const RankEnded&) = default;
};

enum class StopKind { preempt = 1, cancel = 2, kill = 3 };

/// The attempt's other ranks are told to stop.
struct AttemptStopping {
    JobId job;
    std::uint32_t attempt = 0;
    StopKind kind = StopKind::kill;
    std::string reason;
    friend bool operator==(const AttemptStopping&, const AttemptStopping&) = default;
};

/// All ranks have ended and the job goes back to the queue, at once or not before an instant.
struct JobRequeued {
    JobId job;
    std::uint32_t attempt = 0;
    bool counts_as_retry = false;  // deaths from outside do not use up retries
    std::string reason;
    Instant not_before;
    friend bool operator==(const JobRequeued&, const JobRequeued&) = default;
};

enum class JobState {
    queued = 1,
    starting = 2,
    running = 3,
    preempting = 4,
    paused = 5,
    waiting_retry = 6,
    finished = 7,
    failed = 8,
    cancelled = 9,
    stopped = 10,
    refused = 11,
};

/// Exactly once per job: a terminal state with its reason.
struct JobEnded {
    JobId job;
    JobState state = JobState::finished;
    std::string reason;
    std::optional<JobResult> result;
    Instant at;
    friend bool operator==(const JobEnded&, const JobEnded&) = default;
};

using Event = std::variant<
    SweepSubmitted, SweepLimitsChanged, PointsSuggested, SweepEnded, AgentJoined, AgentLost, AttemptPlaced,
    StoreOpened, AttemptRunning, CheckpointAccepted, EpochMeasured, RankEnded, AttemptStopping, JobRequeued, JobEnded>;

/// "finished", "waiting_retry", ...
const char* name_of(JobState state);
const char* name_of(RankOutcome outcome);
const char* name_of(StopKind kind);
bool is_terminal(JobState state);

}  // namespace bw::core
