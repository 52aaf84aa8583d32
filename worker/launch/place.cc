#include <charconv>
#include <cstdlib>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include <unistd.h>

#include "base/number.h"
#include "base/text.h"
#include "worker/launch/launch.h"

namespace bw::launch {
namespace {

struct Names {
    const char *rank, *size, *local_rank, *local_size;
};

constexpr Names kOpenMpi{
    "OMPI_COMM_WORLD_RANK",
    "OMPI_COMM_WORLD_SIZE",
    "OMPI_COMM_WORLD_LOCAL_RANK",
    "OMPI_COMM_WORLD_LOCAL_SIZE"};
constexpr Names kSlurm{"SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID", "SLURM_TASKS_PER_NODE"};
constexpr const char* kSlurmHost = "SLURM_NODEID";
// Of the step, where they differ from the whole allocation's.
constexpr const char* kSlurmStepSize = "SLURM_STEP_NUM_TASKS";
constexpr const char* kSlurmStepLocalSizes = "SLURM_STEP_TASKS_PER_NODE";

Result<int> read_number(const char* name) {
    const char* text = std::getenv(name);
    if (text == nullptr) return fail(Errc::invalid_input, std::string(name) + " is not set");
    const std::string value = text;
    const auto number = parse_number<int>(value);
    if (!number || *number < 0) {
        return fail(
            Errc::invalid_input, std::string(name) + ": " + quoted(value) + " is not a number"
        );
    }
    return *number;
}

/// Slurm's "2(x3),1": processes per host, in the order of the hosts.
Result<int> read_local_size(const char* name, int host) {
    const char* text = std::getenv(name);
    const std::string value = text == nullptr ? "" : text;
    const char *at = value.data(), *end = value.data() + value.size();
    while (at < end) {
        int processes = 0, times = 1;
        auto parsed = std::from_chars(at, end, processes);
        if (parsed.ec != std::errc() || processes < 1) break;
        const bool is_repeated = end - parsed.ptr > 2 && std::string_view(parsed.ptr, 2) == "(x";
        if (is_repeated) parsed = std::from_chars(parsed.ptr + 2, end, times);
        if (parsed.ec != std::errc() || times < 1) break;
        if (host < times) return processes;
        host -= times;
        at = parsed.ptr + (is_repeated ? 1 : 0);
        if (at < end && *at++ != ',') break;
    }
    return fail(
        Errc::invalid_input,
        std::string(name) + ": " + quoted(value) +
            " does not say how many processes this host runs: expected the form 2(x3),1"
    );
}

Result<void> read_numbers(std::initializer_list<std::pair<const char*, int*>> fields) {
    for (const auto& [name, into] : fields) {
        const Result<int> number = read_number(name);
        if (!number) return number.error();
        *into = *number;
    }
    return boost::system::in_place_value;
}

Result<Place> checked(const Place& place, const Names& names) {
    if (place.rank < place.size && place.local_rank < place.local_size) return place;
    return fail(
        Errc::invalid_input,
        std::string(names.rank) + " and " + names.local_rank + " must be below " + names.size +
            " and " + names.local_size
    );
}

Result<Place> read_open_mpi() {
    Place place;
    place.launcher = Launcher::mpi;
    const auto read = read_numbers(
        {{kOpenMpi.rank, &place.rank},
         {kOpenMpi.size, &place.size},
         {kOpenMpi.local_rank, &place.local_rank},
         {kOpenMpi.local_size, &place.local_size}}
    );
    if (!read) return read.error();
    return checked(place, kOpenMpi);
}

Result<Place> read_slurm() {
    const auto of_step = [](const char* step, const char* whole) {
        return std::getenv(step) == nullptr ? whole : step;
    };
    Place place;
    place.launcher = Launcher::slurm;
    int host = 0;
    const auto read = read_numbers(
        {{kSlurm.rank, &place.rank},
         {of_step(kSlurmStepSize, kSlurm.size), &place.size},
         {kSlurm.local_rank, &place.local_rank}}
    );
    if (!read) return read.error();
    if (std::getenv(kSlurmHost) != nullptr) {
        const Result<int> number = read_number(kSlurmHost);
        if (!number) return number.error();
        host = *number;
    }
    const auto local = read_local_size(of_step(kSlurmStepLocalSizes, kSlurm.local_size), host);
    if (!local) return local.error();
    place.local_size = *local;
    return checked(place, kSlurm);
}

}  // namespace

Result<Place> discover_place() {
    if (std::getenv(kOpenMpi.rank) != nullptr) return read_open_mpi();
    // A batch script's own shell has SLURM_PROCID too, but is no step of srun.
    const bool under_srun =
        std::getenv(kSlurm.rank) != nullptr && std::getenv("SLURM_STEP_ID") != nullptr;
    if (under_srun) return read_slurm();
    return Place{};
}

std::string root_refusal_hint() {
    if (::geteuid() != 0) return "";
    const auto allowed = [](const char* name) {
        const char* value = std::getenv(name);
        return value != nullptr && std::string(value) == "1";
    };
    if (allowed("OMPI_ALLOW_RUN_AS_ROOT") && allowed("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM")) return "";
    return "mpirun refuses to run as root: set OMPI_ALLOW_RUN_AS_ROOT=1 and "
           "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1, or "
           "give it --allow-run-as-root";
}

}  // namespace bw::launch
