#include "coordinator/core/state.h"

namespace bw::core {

const AttemptRecord* live_attempt(const JobRecord& job) {
    return job.attempts.empty() || job.attempts.back().ended ? nullptr : &job.attempts.back();
}

std::uint32_t account_from(const JobRecord& job) {
    if (job.attempts.size() < 2) return 0;
    std::uint32_t first = 1;
    for (std::size_t i = 0; i + 1 < job.attempts.size(); ++i) {
        if (job.attempts[i].running) first = job.attempts[i].number;
    }
    return first;
}

const SweepRecord* find_sweep(const State& state, const std::string& fingerprint) {
    for (auto it = state.sweeps.rbegin(); it != state.sweeps.rend(); ++it) {
        if (it->second.fingerprint == fingerprint) return &it->second;
    }
    return nullptr;
}

const AgentRecord* find_agent(const State& state, const std::string& name) {
    for (const auto& [id, agent] : state.agents) {
        if (agent.name == name) return &agent;
    }
    return nullptr;
}

}  // namespace bw::core
