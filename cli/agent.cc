#include "worker/agent/agent.h"

#include <cstdio>
#include <cstdlib>

#include <unistd.h>

#include "base/process.h"
#include "cli/commands.h"
#include "cli/coordinator_address.h"
#include "cli/network.h"
#include "worker/launch/launch.h"

namespace bw::cli {

namespace {

int complain(const std::string& message, int status) {
    std::fprintf(stderr, "batchwright agent: %s\n", message.c_str());
    return status;
}

}  // namespace

int agent(const WorkerOptions& options) {
    const auto place = launch::discover_place();
    if (!place) return complain(place.error().message, coordinator::kExitBadInput);
    const int local_rank = options.local_rank >= 0 ? options.local_rank : place->local_rank;
    const int local_size = options.local_size > 0 ? options.local_size : place->local_size;
    const auto endpoint = find_coordinator(
        {.coordinator = options.coordinator,
         .fingerprint = options.fingerprint,
         .state_dir = options.state_dir},
        PortOf::agents
    );
    if (!endpoint) return complain(endpoint.error().message, coordinator::kExitBadInput);
    const int cores =
        options.keep_affinity ? launch::cores_of_affinity() : launch::widen_affinity();
    const auto slots = agent::find_slots(options.device, cores, local_rank, local_size);
    if (!slots) return complain("--device: " + slots.error().message, coordinator::kExitBadInput);

    const auto interface = interface_of_agent(options.interface, *endpoint);
    if (!interface) return complain(interface.error().message, coordinator::kExitBadInput);
    const auto store_ports = parse_port_range(options.port_range);
    if (!store_ports) return complain(store_ports.error().message, coordinator::kExitBadInput);
    launch::name_interface_to_libraries(*interface);

    agent::AgentOptions agent_options;
    agent_options.coordinator_host = endpoint->host;
    agent_options.coordinator_port = endpoint->agent_port;
    agent_options.token = endpoint->token;
    agent_options.fingerprint = endpoint->fingerprint;
    agent_options.metrics_port = options.metrics_port;
    agent_options.name =
        options.name.empty() ? host_name() + "/" + std::to_string(local_rank) : options.name;
    agent_options.host = options.host.empty() ? interface->address : options.host;
    agent_options.store_ports = *store_ports;
    agent_options.slots = *slots;
    agent_options.trainer = find_trainer(options.trainer);
    agent_options.launcher = {own_path(), kProgramRankCommand};
    agent_options.work_dir =
        options.state_dir + "/agents/" + host_name() + "-" + std::to_string(local_rank);
    agent_options.data_path = options.data_path;
    agent_options.cache_dir = options.state_dir + "/cache";
    agent_options.profiles_dir = options.state_dir + "/profiles";
    if (access(agent_options.trainer.c_str(), X_OK) != 0) {
        return complain(
            agent_options.trainer.string() +
                ": no such program; build it, or name it with --trainer",
            coordinator::kExitBadInput
        );
    }
    return agent::run_agent(agent_options);
}

}  // namespace bw::cli
