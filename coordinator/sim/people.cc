#include "coordinator/sim/people.h"

#include <iterator>

namespace bw::sim {

// A sweep, or some of its jobs; sometimes what is not there.
core::Selection People::select() {
    const core::State& state = coordinator_.state();
    core::Selection selection;
    selection.sweep = {static_cast<std::uint64_t>(world_.between(
        1, static_cast<std::int64_t>(state.sweeps_last) + (world_.chance(30) ? 1 : 0)
    ))};
    const auto sweep = state.sweeps.find(selection.sweep);
    if (sweep == state.sweeps.end() || sweep->second.jobs.empty() || world_.chance(400))
        return selection;
    const auto& jobs = sweep->second.jobs;
    for (std::int64_t n = world_.between(1, 3); n > 0; --n) {
        selection.jobs.push_back(
            jobs[static_cast<std::size_t>(world_.between(0, std::ssize(jobs) - 1))]
        );
    }
    return selection;
}

void People::command_jobs() {
    const core::Selection selection = select();
    const std::int64_t kind = world_.between(0, 99);
    if (kind < 35) {
        coordinator_.give(core::PauseJobs{selection});
    } else if (kind < 75) {
        // 999: no plan cuts a batch so small.
        const int size = world_.chance(100) ? 999 : static_cast<int>(world_.between(0, 4));
        coordinator_.give(core::ResumeJobs{selection, size});
    } else if (kind < 85) {
        cancelled_.insert(selection.sweep);
        coordinator_.give(core::CancelJobs{selection});
    } else {
        coordinator_.give(core::RetryJobs{selection});
    }
}

void People::command_agent() {
    const core::State& state = coordinator_.state();
    if (state.agents.empty()) return;
    const auto index = world_.between(0, std::ssize(state.agents) - 1);
    const AgentId agent = std::next(state.agents.begin(), index)->first;
    if (world_.chance(400)) {
        coordinator_.give(core::DrainAgent{agent, 0, "maintenance"});
    } else {
        coordinator_.give(core::ReturnAgent{agent});
    }
}

void People::act() {
    if (coordinator_.state().sweeps.empty() || !world_.chance(60)) return;
    ++commands_;
    if (world_.chance(750)) {
        command_jobs();
    } else {
        command_agent();
    }
}

void People::release_all() {
    std::set<SweepId> sweeps;
    for (const auto& [id, sweep] : coordinator_.state().sweeps) sweeps.insert(id);
    for (const SweepId id : sweeps) coordinator_.give(core::ResumeJobs{{id, {}}, 0});
    std::set<AgentId> agents;
    for (const auto& [id, agent] : coordinator_.state().agents) agents.insert(id);
    for (const AgentId id : agents) coordinator_.give(core::ReturnAgent{id});
}

}  // namespace bw::sim
