// The coordinator's process: where journal, core, agent sessions and HTTP API meet.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/time.h"

namespace bw::coordinator {

/// Of a service, and beyond loopback, unless others are given or these are taken.
inline constexpr std::uint16_t kDefaultHttpPort = 8470, kDefaultAgentPort = 8471;

struct CoordinatorOptions {
    std::filesystem::path state_dir = "batchwright-state";
    std::string address = "127.0.0.1";  // beyond loopback: TLS
    std::string announced_host;         // for endpoint.json; empty: the address
    std::uint16_t http_port = 0;        // 0: the ports of the last run if they are free, else any
    std::uint16_t agent_port = 0;
    Duration lease = seconds(15);
    Duration grace = seconds(30);  // for agents to leave when the coordinator ends
    bool allows_programs = false;  // sweeps may name programs, which run as the agents' users
    int ready_descriptor = -1;     // writes its Endpoint there, as one line, once it listens
};

/// Exit statuses of `batchwright` (docs/operations.md).
enum ExitStatus : int {
    kExitOk = 0,
    kExitInternal = 1,
    kExitBadInput = 2,
    kExitPointsUnfinished = 3,  // the sweep is over, but some points failed or were refused
    kExitStateInUse = 4,        // another process holds the state directory
    kExitStateUnusable =
        5,             // it cannot be written, or its journal is damaged or of a newer release
    kExitRefused = 6,  // an agent: the coordinator refused it (its words say why)
    kExitNoCoordinator = 7,  // a client: none answers where it should be
    kExitInterrupted = 130,
};

/// Runs until SIGTERM, SIGINT or POST /api/v1/shutdown. Messages go to stderr. Returns an
/// ExitStatus.
int run_coordinator(const CoordinatorOptions& options);

}  // namespace bw::coordinator
