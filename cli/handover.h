// What rank 0 of a `run` tells the others: over MPI, or under Slurm through a file in the state
// directory, which all hosts share anyway. Once each way. Main thread.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "base/result.h"
#include "coordinator/endpoint.h"
#include "worker/launch/interface.h"
#include "worker/launch/launch.h"

namespace bw::cli {

struct StartOrder {
    bool start = false;  // else: there is nothing to do, end with status 0
    coordinator::Endpoint endpoint;
    /// Variables of rank 0 that the others' agents get too, unless they have their own: mpirun
    /// passes on none of them.
    std::map<std::string, std::string> environment;
};

std::string to_text(const StartOrder& order);                       // one line of JSON
Result<StartOrder> start_order_from_text(const std::string& text);  // Errc::corrupt

class Handover {
public:
    Handover(const launch::Place& place, std::filesystem::path state_dir);
    ~Handover();  // at rank 0: removes the file

    Handover(const Handover&) = delete;
    Handover& operator=(const Handover&) = delete;

    [[nodiscard]] bool has_others() const;  // who must be told

    [[nodiscard]] bool spans_hosts() const { return place_.local_size < place_.size; }

    /// Every rank, before the rest, where hosts are several and MPI is there: who reaches whom. At
    /// rank 0 the interface under which the other hosts reach it. Errors: not_found, io.
    Result<launch::Interface> meet();

    /// Rank 0. Errors: io, unsupported.
    Result<void> tell(const StartOrder& order);

    /// The others: waits for it; `keep_waiting` is asked again and again where that can be, and
    /// takes its time. Errors: io, unsupported, corrupt, timed_out, cancelled.
    Result<StartOrder> hear(const std::function<bool()>& keep_waiting);

private:
    [[nodiscard]] std::filesystem::path file() const;

    const launch::Place place_;
    const std::filesystem::path state_dir_;
    bool wrote_file_ = false;
};

/// NCCL_*, and where trainer and data sets are.
std::map<std::string, std::string> passed_on_environment();

}  // namespace bw::cli
