// The rules that must hold whatever fails: checked after every event, independently of the core's
// own bookkeeping.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>

#include "base/sha256.h"
#include "coordinator/core/event.h"
#include "coordinator/core/state.h"
#include "coordinator/sim/world.h"

namespace bw::sim {

class Checks {
public:
    explicit Checks(World& world) : world_(world) {}

    void on_event(const core::State& state, const core::Event& event);
    void on_durable(const core::Event& event);

    /// Nothing that was durable, and so may have been acknowledged, is gone.
    void on_restart(const core::State& state);

    /// Every accepted job has ended, once, as it should.
    void at_the_end(
        const core::State& state, const class People& people, const class Trainers& trainers
    );

    [[nodiscard]] std::string trace_hash() { return trace_.hex_digest(); }

    [[nodiscard]] std::vector<std::string> last_events() const {
        return {last_.begin(), last_.end()};
    }

    [[nodiscard]] std::int64_t events() const { return events_; }

    [[nodiscard]] std::int64_t lost_steps() const { return lost_steps_; }

private:
    void check(const core::PointsSuggested& event);
    void check(const core::AttemptPlaced& event);
    void check(const core::CheckpointAccepted& event);
    void check(const core::AttemptRunning& event);
    void check(const core::JobEnded& event);
    void check(const core::JobPaused& event);
    void check_result(
        const core::SweepRecord& sweep, const core::JobRecord& job, bool is_cancelled_on_request
    );
    void check_lost_work(const core::State& state, const class Trainers& trainers);

    template <class Other>
    void check(const Other&) {}

    World& world_;
    Sha256 trace_;
    std::deque<std::string> last_;
    std::int64_t events_ = 0;
    std::int64_t lost_steps_ = 0;

    // What is known of jobs in the present life of the coordinator, and what was durable at its
    // last commit.
    struct Known {
        std::map<JobId, std::uint32_t> attempts;
        std::map<JobId, std::int64_t> checkpoints;
        std::map<JobId, core::JobState> ended;
        std::set<JobId> paused;
        std::set<AgentId> draining;
        std::map<SweepId, std::uint64_t> points;
    };

    static void note(Known& known, const core::Event& event);

    Known present_;
    Known durable_;
};

}  // namespace bw::sim
