// The agent: owns the slots of a host (or its share of them), supervises one trainer process per
// rank, and reports facts to the coordinator. One thread, one io_context; no LibTorch.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace bw::agent {

/// One device that the agent offers.
struct SlotOptions {
    std::string kind = "cpu";             // "cpu", or the GPU's name: a gang is of one kind
    std::string gpu;                      // its UUID, "GPU-8f6d..."; empty for a CPU
    std::int64_t memory_limit_bytes = 0;  // 0: none
    int threads = 1;
};

/// Where rank 0's rendezvous store may listen; 0: any port.
struct PortRange {
    int first = 0, last = 0;
};

struct AgentOptions {
    std::string coordinator_host = "127.0.0.1";
    std::uint16_t coordinator_port = 0;
    std::string token;
    std::string fingerprint;         // of the coordinator's certificate; empty: in clear
    std::string name;                // stable over restarts of the agent: "HOST/LOCAL_RANK"
    std::string host = "127.0.0.1";  // address that trainers of other hosts can reach
    PortRange store_ports;
    std::vector<SlotOptions> slots;
    std::filesystem::path trainer;      // the program batchwright-trainer
    std::vector<std::string> launcher;  // the words that start worker/program's run_rank()
    std::filesystem::path work_dir;   // spool of unacknowledged facts, records of trainer processes
    std::string data_path;            // search path of the data sets
    std::filesystem::path cache_dir;  // decoded data sets
    std::filesystem::path profiles_dir;  // what jobs learnt of memory, shared by all agents
    Duration grace =
        seconds(30);       // for a trainer to stop at a step and checkpoint before it is killed
    int metrics_port = 0;  // of /metrics; 0: any free one; negative: none
    Duration nonce_patience = seconds(5);  // a network file system shows new files late
};

/// "cpu:2" or "cpu:2x8GiB" or "cpu:0.5GiB,1GiB" or "auto", for local rank `local_rank` of
/// `local_size` agents on this host, which share the devices. "auto": two slots per host at least,
/// one for every two cores, at most eight; threads are shared out evenly, one at least. Errors:
/// invalid_input with the accepted forms.
Result<std::vector<SlotOptions>> parse_device(
    std::string_view device, int cores, int local_rank, int local_size
);

/// The same, and GPUs: "cuda", "cuda:2", "cuda:2x40GiB", "cuda:GPU-UUID,GPU-UUID"; "auto" takes all
/// that NVIDIA's driver shows and CUDA_VISIBLE_DEVICES lets through, and the CPU where there is
/// none. Errors: besides, not_found (no driver, no such GPU), unsupported (a driver that does not
/// answer).
Result<std::vector<SlotOptions>> find_slots(
    std::string_view device, int cores, int local_rank, int local_size
);

/// Statuses of run_agent, which are the program's (docs/operations.md).
inline constexpr int kExitLeft = 0;  // dismissed, or left in good order after a signal
inline constexpr int kExitBadOptions =
    2;                                // the trainer's program or the work folder cannot be used
inline constexpr int kExitInUse = 4;  // another agent process holds the work folder
inline constexpr int kExitRefused =
    6;  // by the coordinator: another release, token or state directory

/// Runs until the coordinator dismisses it, or SIGTERM/SIGINT (then it tells the coordinator that
/// it leaves, gangs stop at an agreed step and checkpoint within the grace; a second signal kills
/// them, unless it is the SIGTERM that its supervisor's death sends), or for ever reconnecting with
/// back-off. Returns one of the statuses above. Call from the main thread: trainers die with the
/// thread that started them.
int run_agent(const AgentOptions& options);

}  // namespace bw::agent
