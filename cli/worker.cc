#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <unistd.h>

#include "cli/commands.h"
#include "coordinator/endpoint.h"
#include "worker/agent/agent.h"
#include "worker/launch/launch.h"

namespace bw::cli {

namespace {

int complain(const std::string& message, int status) {
    std::fprintf(stderr, "batchwright worker: %s\n", message.c_str());
    return status;
}

std::string host_name() {
    char name[256] = "localhost";
    gethostname(name, sizeof name - 1);
    return name;
}

Result<coordinator::Endpoint> find_coordinator(const WorkerOptions& options) {
    const auto text = read_file(options.state_dir + "/endpoint.json");
    if (options.coordinator.empty() && !text) {
        return fail(
            Errc::not_found,
            "no coordinator: " + options.state_dir +
                "/endpoint.json cannot be read; give --coordinator HOST:PORT or --state"
        );
    }
    coordinator::Endpoint endpoint;
    if (text) {
        const auto known = coordinator::endpoint_from_text(*text);
        if (!known && options.coordinator.empty()) return known;
        if (known) endpoint = *known;
    }
    if (!options.coordinator.empty()) {
        const std::size_t colon = options.coordinator.rfind(':');
        const int port =
            colon == std::string::npos ? 0 : std::atoi(options.coordinator.c_str() + colon + 1);
        if (port < 1 || port > 65535) {
            return fail(
                Errc::invalid_input,
                "--coordinator: expected HOST:PORT, found \"" + options.coordinator + "\""
            );
        }
        endpoint.host = options.coordinator.substr(0, colon);
        endpoint.agent_port = static_cast<std::uint16_t>(port);
    }
    if (const char* token = std::getenv("BATCHWRIGHT_TOKEN")) endpoint.token = token;
    if (!options.token.empty()) endpoint.token = options.token;
    return endpoint;
}

}  // namespace

int worker(const WorkerOptions& options) {
    const auto place = launch::discover_place();
    if (!place) return complain(place.error().message, coordinator::kExitBadInput);
    const int local_rank = options.local_rank >= 0 ? options.local_rank : place->local_rank;
    const int local_size = options.local_size > 0 ? options.local_size : place->local_size;
    const auto endpoint = find_coordinator(options);
    if (!endpoint) return complain(endpoint.error().message, coordinator::kExitBadInput);
    const auto slots =
        agent::parse_device(options.device, launch::widen_affinity(), local_rank, local_size);
    if (!slots) return complain("--device: " + slots.error().message, coordinator::kExitBadInput);

    agent::AgentOptions agent_options;
    agent_options.coordinator_host = endpoint->host;
    agent_options.coordinator_port = endpoint->agent_port;
    agent_options.token = endpoint->token;
    agent_options.name =
        options.name.empty() ? host_name() + "/" + std::to_string(local_rank) : options.name;
    agent_options.host = options.host.empty() ? "127.0.0.1" : options.host;
    agent_options.slots = *slots;
    agent_options.trainer = find_trainer(options.trainer);
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
