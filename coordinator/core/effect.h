// Effects: what the shell must do once an event is durable. Data only, so that tests can assert on
// their order.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "coordinator/core/event.h"

namespace bw::core {

/// Start these ranks of an attempt on one agent.
struct StartRanks {
    AgentId agent;
    std::uint64_t epoch = 0;
    JobId job;
    std::uint32_t attempt = 0;
    SweepId sweep;
    std::uint64_t ordinal = 0;

    struct RankOnSlot {
        int rank = 0;
        std::uint32_t slot = 0;
    };

    std::vector<RankOnSlot> ranks;
    std::string params_json;
    plan::Plan plan;
    std::string bn;  // ghost | micro_batch | frozen
    std::int64_t checkpoint_steps = 0;
    std::int64_t memory_limit_bytes = 0, asked_micro_batch = 0;  // of the sweep; 0: none
    std::string resume_path;
    std::int64_t resume_step = 0;
    std::string program_json;  // sweeps::program_json; empty: the built-in trainer
    /// The first earlier attempt whose loss is not known yet; 0: there is none.
    std::uint32_t account_from = 0;
};

/// Tell an agent's ranks (those other than 0) where the store listens.
struct SendRendezvous {
    AgentId agent;
    std::uint64_t epoch = 0;
    JobId job;
    std::uint32_t attempt = 0;
    std::string host;
    int port = 0;
};

struct StopRanks {
    AgentId agent;
    std::uint64_t epoch = 0;
    JobId job;
    std::uint32_t attempt = 0;
    StopKind kind = StopKind::kill;
};

/// The checkpoint is the job's newest: rank 0's agent may let its trainer remove older ones.
struct ConfirmCheckpoint {
    AgentId agent;
    std::uint64_t epoch = 0;
    JobId job;
    std::uint32_t attempt = 0;
    std::int64_t step = 0;
};

/// A sweep has ended: write its results, tell its followers.
struct AnnounceSweepEnded {
    SweepId sweep;
};

/// A sweep goes on after its end: what was written then must not be taken for its results.
struct WithdrawResults {
    SweepId sweep;
};

using Effect = std::variant<
    StartRanks,
    SendRendezvous,
    StopRanks,
    ConfirmCheckpoint,
    AnnounceSweepEnded,
    WithdrawResults>;

}  // namespace bw::core
