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
    int agents = 0;  // that whoever submits it starts as well; 0: nobody knows
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
    int metrics_port = 0;  // 0: none
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
    std::variant<
        StoreOpened,
        AttemptRunning,
        CheckpointAccepted,
        EpochMeasured,
        RankEnded,
        ProfileLearned>
        fact;
};

/// Which jobs of a sweep a command is about. No jobs: the whole sweep, points to come included.
struct Selection {
    SweepId sweep;
    std::vector<JobId> jobs;
};

/// Running ones stop at an agreed step without a checkpoint; all end `cancelled`. A whole sweep
/// suggests no more points.
struct CancelJobs {
    Selection selection;
};

/// Running ones are preempted (agreed step, checkpoint); none is placed until resumed. A job stays
/// `paused` over restarts.
struct PauseJobs {
    Selection selection;
};

/// Paused ones go back to the queue, to run at `world_size` from now on (0: as before).
struct ResumeJobs {
    Selection selection;
    int world_size = 0;
};

/// Jobs that ended failed, refused or cancelled run again: from their newest checkpoint, with all
/// retries. Reopens a sweep that has ended.
struct RetryJobs {
    Selection selection;
};

/// The agent takes no new attempt until `ReturnAgent`; what runs there is preempted and goes on
/// elsewhere.
struct DrainAgent {
    AgentId agent;
    std::uint64_t epoch = 0;  // 0: whichever is live
    std::string reason;
};

/// A drained agent offers its slots again.
struct ReturnAgent {
    AgentId agent;
};

/// Profiles that lie in the state directory, whoever made them.
struct LearnProfiles {
    std::vector<std::string> profiles;  // plan::to_text
};

/// What a searcher found when wanted_points() asked: points with ordinals from `first` on. Late and
/// repeated answers change nothing.
struct SearcherAnswered {
    struct Point {
        std::string hash;
        std::string params_json;
    };

    SweepId sweep;
    std::uint64_t first = 0;
    std::vector<Point> points;
    std::string end;  // why there are no more after these; empty: there may be
};

/// Time has passed (see next_timer).
struct Tick {};

using Input = std::variant<
    SubmitSweep,
    CancelJobs,
    PauseJobs,
    ResumeJobs,
    RetryJobs,
    DrainAgent,
    ReturnAgent,
    AgentHello,
    AgentGone,
    AgentReport,
    LearnProfiles,
    SearcherAnswered,
    Tick>;

}  // namespace bw::core
