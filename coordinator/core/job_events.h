// Events of jobs and their attempts (event.h says what binds them). THEIR MEANING IS FROZEN.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "plan/split.h"

namespace bw::core {

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

/// Steps that an earlier attempt had made beyond the checkpoint from which the job goes on, so that
/// they are made again.
struct LostWork {
    std::uint32_t attempt = 0;
    std::int64_t steps = 0;
    Duration time;      // of each of its ranks
    std::string cause;  // how the attempt ended: name_of(RankOutcome)
    friend bool operator==(const LostWork&, const LostWork&) = default;
};

struct AttemptRunning {
    JobId job;
    std::uint32_t attempt = 0;
    std::int64_t step = 0;
    std::int64_t total_steps = 0;
    std::string data_fingerprint;
    Instant at;
    std::vector<LostWork> lost;  // of attempts whose loss was not known before
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
    /// train_loss, train_accuracy, test_loss, test_accuracy; finite ones only.
    std::map<std::string, double> values;
    friend bool operator==(const EpochMeasured&, const EpochMeasured&) = default;
};

/// What a job has learnt of the memory of steps like its own: from now on known to all jobs with
/// the profile's key. The newest counts.
struct ProfileLearned {
    JobId measured_by;  // changes nothing of that job; 0: none, it lay in the state directory
    std::uint32_t attempt = 0;
    std::string profile;  // plan::to_text
    Instant at;
    friend bool operator==(const ProfileLearned&, const ProfileLearned&) = default;
};

enum class RankOutcome {
    finished = 1,
    stopped = 2,  // at an agreed step, on request
    failed = 3,   // said so itself
    died = 4,     // the process ended without a word: killed, crashed
    lost = 5,     // with its agent
    refused = 6,  // found that no attempt could hold it
};

struct JobResult {
    std::string weights_sha256;
    std::int64_t samples_per_step_min = 0, samples_per_step_max = 0;
    std::int64_t micro_batch = 0, accumulation = 0;
    std::int64_t peak_bytes = 0;
    /// train_loss, test_loss, test_accuracy, samples_per_second; finite ones only.
    std::map<std::string, double> metrics;
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

/// What becomes of the job when all ranks have stopped. One that finishes instead has finished.
enum class AfterStop {
    as_it_ended = 0,  // what follows from how its ranks ended
    requeue = 1,      // at once, without using up a retry
    pause = 2,
    cancel = 3,
    stop = 4,  // for good, `stopped`: it has lost against others, or stands still
    hold = 5,  // at a rung, until it is promoted
};

/// The attempt's ranks are told to stop. The newest one counts.
struct AttemptStopping {
    JobId job;
    std::uint32_t attempt = 0;
    StopKind kind = StopKind::kill;
    std::string reason;
    AfterStop after = AfterStop::as_it_ended;
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

/// A terminal state with its reason: exactly once per job, until a person reopens it.
struct JobEnded {
    JobId job;
    JobState state = JobState::finished;
    std::string reason;
    std::optional<JobResult> result;
    Instant at;
    Duration lost;  // device time of a job that ended without success, as far as not lost before
    friend bool operator==(const JobEnded&, const JobEnded&) = default;
};

/// "finished", "waiting_retry", ...
const char* name_of(JobState state);
const char* name_of(RankOutcome outcome);
const char* name_of(StopKind kind);
const char* name_of(AfterStop after);
bool is_terminal(JobState state);

/// Failed, refused or cancelled: what a person may let run again.
bool is_unsuccessful(JobState state);

}  // namespace bw::core
