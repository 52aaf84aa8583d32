#include "coordinator/observe/discovery.h"

#include <string>

namespace bw::observe {

nlohmann::json targets_of(const core::State& state) {
    nlohmann::json targets = nlohmann::json::array();
    for (const auto& [id, agent] : state.agents) {
        if (!agent.live || agent.metrics_port == 0) continue;
        const bool is_v6 = agent.host.find(':') != std::string::npos;
        const std::string host = is_v6 ? "[" + agent.host + "]" : agent.host;
        targets.push_back(
            {{"targets", {host + ":" + std::to_string(agent.metrics_port)}},
             {"labels", nlohmann::json::object()}}
        );
    }
    return targets;
}

}  // namespace bw::observe
