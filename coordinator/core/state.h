// The coordinator's whole state, owned by one thread and changed by apply() alone. Ordered
// containers only, so that every iteration, and with it every decision, is the same in a replay.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "coordinator/core/event.h"
#include "plan/profile.h"
#include "sweeps/sweep.h"

namespace bw::core {

/// Device time (of all ranks) by cause: how the attempts ended that lost it ("died", "lost", ...),
/// or the job ("failed", "cancelled").
using LostTime = std::map<std::string, Duration>;

struct SweepRecord {
    SweepId id;
    std::string file_name;
    std::string fingerprint;
    /// Of the newest SweepSubmitted or SweepLimitsChanged: what a snapshot keeps of `sweep`.
    std::string text;
    /// Parsed from the text; never null for a submitted sweep.
    std::shared_ptr<const sweeps::Sweep> sweep;
    std::vector<JobId> jobs;  // index = position; ordinals grow along it
    bool exhausted = false;   // no more points will be suggested
    bool paused = false;      // new points are born paused
    bool cancelled = false;   // no more points will be suggested, whether there are or not
    bool ended = false;
    std::string search_end;  // why no more points are suggested, where something ended the search
    int world_size = 0;      // of points to come; 0: as the text says
    LostTime lost;           // of all its jobs
    Instant submitted_at, ended_at;

    /// One text parses to one sweep, so the pointers need not be equal.
    friend bool operator==(const SweepRecord& a, const SweepRecord& b) {
        const auto key = [](const SweepRecord& r) {
            return std::tie(
                r.id,
                r.file_name,
                r.fingerprint,
                r.text,
                r.jobs,
                r.exhausted,
                r.paused,
                r.cancelled,
                r.ended,
                r.search_end,
                r.world_size,
                r.lost,
                r.submitted_at,
                r.ended_at
            );
        };
        return key(a) == key(b);
    }
};

struct RankRecord {
    SlotRef slot;
    bool ended = false;
    RankOutcome outcome = RankOutcome::finished;
    bool retry = true;
    std::string reason;
    std::uint32_t order = 0;    // 1: the first rank of the attempt to end
    bool told_to_stop = false;  // it ended after its attempt was told to stop
    friend bool operator==(const RankRecord&, const RankRecord&) = default;
};

struct AttemptRecord {
    std::uint32_t number = 0;
    std::vector<RankRecord> ranks;
    plan::Plan plan;
    std::optional<Checkpoint> resume;
    std::string store_host;  // of rank 0's store; said again after a session broke
    int store_port = 0;      // 0: not open yet
    bool running = false;
    std::int64_t started_step = 0, total_steps = 0, stopped_step = 0;
    std::string data_fingerprint;
    std::optional<StopKind> stopping;
    std::string stop_reason;
    AfterStop after = AfterStop::as_it_ended;
    std::int64_t lost_steps = 0;  // made again later; known once a later attempt runs
    Duration lost_time;           // of each rank
    std::optional<JobResult> result;
    Instant placed_at, running_at, ended_at;
    bool ended = false;
    friend bool operator==(const AttemptRecord&, const AttemptRecord&) = default;
};

struct EpochRecord {
    int epoch = 0;
    std::int64_t step = 0;
    std::map<std::string, double> values;
    friend bool operator==(const EpochRecord&, const EpochRecord&) = default;
};

struct JobRecord {
    JobId id;
    SweepId sweep;
    std::uint64_t ordinal = 0;
    std::string hash;
    std::string params_json;
    JobState state = JobState::queued;
    bool held = false;  // `paused` at a rung
    std::string reason;
    std::vector<AttemptRecord> attempts;   // number = index + 1
    std::optional<Checkpoint> checkpoint;  // newest accepted
    /// By epoch; an epoch repeated after a resume replaces the earlier row.
    std::vector<EpochRecord> epochs;
    std::int64_t retries_used = 0;
    int world_size = 0;      // asked for at a resume; 0: as the sweep says
    std::size_t pardon = 0;  // attempts before the newest reopening: their deaths no longer count
    LostTime lost;
    Duration lost_with_end;  // the part of it that came with its end without success
    Instant not_before;
    std::optional<JobResult> result;
    Instant ended_at;
    friend bool operator==(const JobRecord&, const JobRecord&) = default;
};

struct AgentRecord {
    AgentId id;
    std::uint64_t epoch = 0;
    std::string name;
    std::string host;
    std::vector<SlotInfo> slots;
    std::vector<std::optional<AttemptId>> busy;  // per slot: whose rank it holds
    bool live = false;
    bool draining = false;  // takes no new attempt
    std::string drain_reason;
    int metrics_port = 0;  // of `host`, where it serves /metrics; 0: it does not
    friend bool operator==(const AgentRecord&, const AgentRecord&) = default;
};

/// Agents join one after another, and the largest may come last.
struct Arrivals {
    int expected = 0;       // 0: nobody said
    bool settling = false;  // others may follow the newest
    Instant newest_at;
    friend bool operator==(const Arrivals&, const Arrivals&) = default;
};

struct State {
    std::map<SweepId, SweepRecord> sweeps;
    std::map<JobId, JobRecord> jobs;
    std::map<AgentId, AgentRecord> agents;
    /// Jobs without a terminal state: what decide() looks at, however long the history.
    std::set<JobId> unfinished;
    std::set<SweepId> open;                         // sweeps that have not ended
    std::map<std::string, plan::Profile> profiles;  // what is known of memory, by key
    Arrivals arrivals;
    std::uint64_t sweeps_last = 0, jobs_last = 0, agents_last = 0, agent_epochs_last = 0;
    friend bool operator==(const State&, const State&) = default;
};

/// Placed and not ended, or nullptr.
const AttemptRecord* live_attempt(const JobRecord& job);

/// The first attempt before the newest whose lost work is not known; 0: there is none. One that
/// runs accounts for all before it; it and those after it may have trained, whether or not that was
/// heard of.
std::uint32_t account_from(const JobRecord& job);

/// The newest one that has the fingerprint, or nullptr.
const SweepRecord* find_sweep(const State& state, const std::string& fingerprint);

const AgentRecord* find_agent(const State& state, const std::string& name);

}  // namespace bw::core
