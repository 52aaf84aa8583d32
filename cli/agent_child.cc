#include "cli/agent_child.h"

#include <string>
#include <utility>

#include "worker/agent/agent.h"

namespace bw::cli {

launch::ChildOptions agent_child(const WorkerOptions& options) {
    launch::ChildOptions child;
    child.name = "agent";
    child.argv = {own_path(), "agent"};
    const std::pair<const char*, std::string> given[] = {
        {"--coordinator", options.coordinator},
        {"--state", options.state_dir},
        {"--fingerprint", options.fingerprint},
        {"--device", options.device},
        {"--name", options.name},
        {"--host", options.host},
        {"--interface", options.interface},
        {"--port-range", options.port_range},
        {"--trainer", options.trainer},
        {"--data", options.data_path},
        {"--metrics-port", std::to_string(options.metrics_port)},
        {"--local-rank", std::to_string(options.local_rank)},
        {"--local-size", std::to_string(options.local_size)},
    };
    for (const auto& [option, value] : given) {
        if (!value.empty()) child.argv.insert(child.argv.end(), {option, value});
    }
    if (options.keep_affinity) child.argv.emplace_back("--keep-affinity");
    child.final_statuses = {agent::kExitLeft, agent::kExitBadOptions, agent::kExitRefused};
    return child;
}

}  // namespace bw::cli
