// Inputs: what reaches the coordinator from clients, agents and timers.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "coordinator/core/event.h"

namespace bw::core {

/// A client submits a sweep whose text parses without errors. A known fingerprint continues the
/// sweep (limits may change) unless `fresh`.
struct SubmitSweep {
    std::string file_name;
    std::string text;
    bool fresh = false;
};

/// An attempt that a (re)joining agent still runs or has just ended, per local rank.
struct HeldRank {
    JobId job;
    std::uint32_t attempt = 0;
    int rank = 0;
};

/// First frame of a session. An agent that kept its trainers through a coordinator's restart or a
/// broken connection names the epoch under which it got them; if that lease is still good they
/// stay, else it must end them before it joins (the shell asks it to, then passes this on).
struct AgentHello {
    std::string name;
    std::string host;
    std::vector<SlotInfo> slots;
    std::uint64_t epoch = 0;  // 0: none, a fresh start
    std::vector<HeldRank> held;
};

/// The session ended and the lease ran out, or the agent left in good order.
struct AgentGone {
    AgentId agent;
    std::uint64_t epoch = 0;
    std::string reason;
};

/// A fact from an agent about one rank's attempt. Reports of another epoch or attempt than the live
/// one are ignored.
struct AgentReport {
    AgentId agent;
    std::uint64_t epoch = 0;
    std::variant<StoreOpened, AttemptRunning, CheckpointAccepted, EpochMeasured, RankEnded> fact;
};

/// Time has passed (see next_timer).
struct Tick {};

using Input = std::variant<SubmitSweep, AgentHello, AgentGone, AgentReport, Tick>;

}  // namespace bw::core
