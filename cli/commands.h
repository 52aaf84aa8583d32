// The sub-commands of `batchwright`: each takes its parsed options and returns the exit status.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "coordinator/coordinator.h"

namespace bw::cli {

struct RunOptions {
    std::string file;
    std::string device = "auto";
    std::string state_dir = "batchwright-state";
    bool json = false;
    bool fresh = false;
    bool keep_affinity = false;
    std::string trainer;     // empty: batchwright-trainer beside this program
    std::string data_path;   // empty: BATCHWRIGHT_DATA, then the documented search path
    std::string interface;   // name, network or address; empty: the one that leads to the others
    std::string port_range;  // of the rendezvous stores; empty: any
    double lease_s = 0;      // 0: the coordinator's default
};

/// Plans and runs a sweep to its end on this machine, or under mpirun on all its hosts.
int run(const RunOptions& options);

struct WorkerOptions {
    std::string coordinator;  // host:port, or empty: from `state_dir`
    std::string state_dir = "batchwright-state";
    std::string fingerprint;  // empty: BATCHWRIGHT_FINGERPRINT, then the state directory's
    std::string device = "auto";
    std::string name;        // empty: HOST/LOCAL_RANK
    std::string host;        // that other hosts' trainers reach; empty: the interface's address
    std::string interface;   // name, network or address; empty: from the route to the coordinator
    std::string port_range;  // of the rendezvous stores; empty: any
    std::string trainer;
    std::string data_path;
    bool keep_affinity = false;
    int metrics_port = 0;                 // of /metrics; 0: any free one; negative: none
    int local_rank = -1, local_size = 0;  // of the agents on this host; -1: from the launcher
};

/// Supervises an agent that serves a coordinator, until that is dismissed or told to leave. Needs
/// no MPI, and may be started by mpirun or srun: it learns its place on the host from them.
int worker(const WorkerOptions& options);

/// The sub-command that runs one rank of an external program: what an agent starts.
inline constexpr const char* kProgramRankCommand = "program-rank";

/// The agent itself, which dies with the process that started it.
int agent(const WorkerOptions& options);

struct ModelsOptions {
    std::string name;  // empty: all
    int classes = 10;
    std::string input;  // "3x224x224"; empty: each model's own
    std::string trainer;
    bool json = false;
    bool tensors = false;  // the weights' names and shapes
};

/// The networks with what the trainer counts in them.
int models(const ModelsOptions& options);

int print_version(bool json);

/// The path of this program.
std::string own_path();

/// The trainer program: `given`, or BATCHWRIGHT_TRAINER, or the one beside this program.
std::string find_trainer(const std::string& given);

/// Reads a file whole. Errors: not_found, io, with the path.
Result<std::string> read_file(const std::string& path);

}  // namespace bw::cli
