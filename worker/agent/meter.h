// What the agent serves at /metrics, recorded from what its trainers say and from what becomes of
// them (metrics/README.md). Knows no socket. Loop thread only.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <frames.pb.h>

#include "base/time.h"
#include "metrics/handler.h"
#include "metrics/sink.h"
#include "wire/trainer/messages.h"
#include "worker/agent/agent.h"
#include "worker/agent/facts.h"

namespace bw::agent {

/// What the agent sees of itself, at the moment of a scrape.
struct AgentView {
    struct SlotView {
        bool is_busy = false, is_warm = false;
    };

    std::vector<SlotView> slots;
    std::size_t facts_spooled = 0;
    bool is_connected = false;
};

class Meter {
public:
    Meter(const AgentOptions& options, Instant now);

    /// An order to start a rank has come.
    void begin(const proto::StartRanks& order, const proto::RankOnSlot& where, Instant now);
    /// A trainer speaks for its rank.
    void hear(const RankKey& key, const trainer_wire::FromTrainer& message, Instant now);
    void confirm_checkpoint(const proto::ConfirmCheckpoint& order);
    /// A fact on its way to the coordinator: ranks end by it.
    void note(const proto::Fact& fact, Instant now);
    /// The epoch is over, and all ranks with it.
    void end_all(Instant now);

    void count_dropped_sample() { sink_.add("progress_dropped_total", 1); }

    metrics::Exposition expose(const AgentView& view, Instant now);

private:
    struct Job {
        metrics::JobKey key;
        std::uint32_t attempt = 0;
        std::set<int> ranks;  // of the attempt, here
        Instant ordered_at;
        bool resumes = false;
    };

    Job* find(std::uint64_t job, std::uint32_t attempt);
    void take(
        const Job& job, const RankKey& key, const trainer_wire::Running& message, Instant now
    );
    void take(const Job& job, const RankKey& key, const trainer_wire::Progress& message);
    void take(const Job& job, const RankKey& key, const trainer_wire::CheckpointDurable& message);
    void take(const Job& job, const RankKey& key, const trainer_wire::EpochEnded& message);
    void record_attempt(const metrics::AttemptKey& attempt, const trainer_wire::Progress& message);
    void record_rank(const metrics::RankKey& rank, const trainer_wire::Progress& message);
    void end_attempt(Job& job, Instant now);

    const AgentOptions& options_;
    metrics::Sink sink_;
    std::map<std::uint64_t, Job> jobs_;  // by the job's number: its newest attempt here
};

}  // namespace bw::agent
