// An agent as a process of its own: agent_probe PORT TOKEN NAME WORK_DIR TRAINER SLOTS GRACE_MS
// SLOTS: a number of them, or a device as for --device. With "program-rank": what it starts for a
// program's rank.
#include <cstdlib>
#include <string>

#include "worker/agent/agent.h"
#include "worker/program/program.h"

int main(int argc, char** argv) {
    if (argc == 2 && argv[1] == std::string("program-rank")) return bw::program::run_rank();
    if (argc != 8) return 64;
    bw::agent::AgentOptions options;
    options.coordinator_port = static_cast<std::uint16_t>(std::atoi(argv[1]));
    options.token = argv[2];
    options.name = argv[3];
    options.work_dir = argv[4];
    options.trainer = argv[5];
    options.launcher = {argv[0], "program-rank"};
    if (const int count = std::atoi(argv[6]); count > 0) {
        options.slots.resize(static_cast<std::size_t>(count));
    } else if (const auto found = bw::agent::find_slots(argv[6], 6, 0, 1)) {
        options.slots = *found;
    }
    for (auto& slot : options.slots) slot.threads = 3;
    options.grace = bw::milliseconds(std::atoi(argv[7]));
    options.data_path = "/data/a:/data/b";
    options.nonce_patience = bw::milliseconds(100);
    return bw::agent::run_agent(options);
}
