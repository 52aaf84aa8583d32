// The people of a simulation: they pause, resume (also at other world sizes), cancel and run again
// what they see, and drain agents. Commands reach the coordinator at once or not at all.
#pragma once

#include <cstdint>
#include <set>

#include "coordinator/sim/coordinator.h"
#include "coordinator/sim/world.h"

namespace bw::sim {

class People {
public:
    People(World& world, Coordinator& coordinator) : world_(world), coordinator_(coordinator) {}

    /// Perhaps one command.
    void act();

    /// Everything that is held may go on.
    void release_all();

    [[nodiscard]] std::int64_t commands() const { return commands_; }

    /// Whether somebody asked for it.
    [[nodiscard]] bool have_cancelled(SweepId sweep) const { return cancelled_.contains(sweep); }

private:
    core::Selection select();
    void command_jobs();
    void command_agent();

    World& world_;
    Coordinator& coordinator_;
    std::int64_t commands_ = 0;
    std::set<SweepId> cancelled_;
};

}  // namespace bw::sim
