#include <charconv>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>

#include <unistd.h>

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

Result<int> read_number(const char* name) {
    const char* text = std::getenv(name);
    if (text == nullptr) return fail(Errc::invalid_input, std::string(name) + " is not set");
    const std::string value = text;
    int number = 0;
    // SLURM_TASKS_PER_NODE reads "4", "4(x2)" or "4(x2),3": the first number is near enough for a
    // local size, and the device shares are cut by it only where every host runs equally many.
    const auto parsed = std::from_chars(value.data(), value.data() + value.size(), number);
    const bool whole =
        parsed.ptr == value.data() + value.size() || *parsed.ptr == '(' || *parsed.ptr == ',';
    if (parsed.ec != std::errc() || !whole || number < 0) {
        return fail(
            Errc::invalid_input, std::string(name) + ": " + quoted(value) + " is not a number"
        );
    }
    return number;
}

Result<Place> read_place(Launcher launcher, const Names& names) {
    Place place;
    place.launcher = launcher;

    const struct {
        const char* name;
        int* into;
    } fields[] = {
        {names.rank, &place.rank},
        {names.size, &place.size},
        {names.local_rank, &place.local_rank},
        {names.local_size, &place.local_size}};

    for (const auto& field : fields) {
        const Result<int> number = read_number(field.name);
        if (!number) return number.error();
        *field.into = *number;
    }
    if (place.rank >= place.size || place.local_rank >= place.local_size) {
        return fail(
            Errc::invalid_input,
            std::string(names.rank) + " and " + names.local_rank + " must be below " + names.size +
                " and " + names.local_size
        );
    }
    return place;
}

}  // namespace

Result<Place> discover_place() {
    if (std::getenv(kOpenMpi.rank) != nullptr) return read_place(Launcher::mpi, kOpenMpi);
    // A batch script's own shell has SLURM_PROCID too, but is no step of srun.
    const bool under_srun =
        std::getenv(kSlurm.rank) != nullptr && std::getenv("SLURM_STEP_ID") != nullptr;
    if (under_srun) return read_place(Launcher::slurm, kSlurm);
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
