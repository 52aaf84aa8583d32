// An agent as a process of its own: agent_probe PORT TOKEN NAME WORK_DIR TRAINER SLOTS GRACE_MS
#include <cstdlib>
#include <string>

#include "worker/agent/agent.h"

int main(int argc, char** argv) {
    if (argc != 8) return 64;
    bw::agent::AgentOptions options;
    options.coordinator_port = static_cast<std::uint16_t>(std::atoi(argv[1]));
    options.token = argv[2];
    options.name = argv[3];
    options.work_dir = argv[4];
    options.trainer = argv[5];
    options.slots.resize(static_cast<std::size_t>(std::atoi(argv[6])));
    for (auto& slot : options.slots) slot.threads = 3;
    options.grace = bw::milliseconds(std::atoi(argv[7]));
    options.data_path = "/data/a:/data/b";
    options.nonce_patience = bw::milliseconds(100);
    return bw::agent::run_agent(options);
}
