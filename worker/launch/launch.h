// Where this process stands among those that mpirun, srun or nobody started.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"

namespace bw::launch {

enum class Launcher { none, mpi, slurm };

struct Place {
    Launcher launcher = Launcher::none;
    int rank = 0, size = 1;              // over all hosts
    int local_rank = 0, local_size = 1;  // on this host
};

/// From OMPI_COMM_WORLD_* or SLURM_PROCID, SLURM_NTASKS, SLURM_LOCALID, ...; hosts may run
/// different numbers of processes. Errors: invalid_input (garbled values).
Result<Place> discover_place();

/// Every rank's text, at rank 0 only (elsewhere nothing), over MPI. Optional; before the broadcast,
/// which must follow. At most kGatheredBytesMax of each. Errors as those of the broadcast.
inline constexpr std::size_t kGatheredBytesMax = 4096;
Result<std::vector<std::string>> gather_over_mpi(const Place& place, const std::string& own_text);

/// Rank 0's text to every rank, over MPI (libbatchwright_mpi.so, opened at run time, beside this
/// program): MPI_Init, one broadcast, MPI_Finalize; then MPI is over for this process and OMPI_*,
/// PMIX_* variables are removed, so that children are no MPI processes. Call once, before any
/// thread. Errors: unsupported with the remedy (the library cannot be opened), io.
Result<std::string> broadcast_over_mpi(const std::string& text_of_rank_0);

/// Likewise, where nothing else of MPI is wanted: a child that saw them would take itself for an
/// MPI process. Before any thread.
void remove_mpi_variables();

/// mpirun binds each rank to one core: widens the affinity to what the cgroup allows. Returns the
/// number of cores.
int widen_affinity();

/// The number of cores that this process may use as it is.
int cores_of_affinity();

/// Why mpirun would refuse to run as root, with the remedy, or an empty text (checked by rank
/// discovery's caller when no MPI variable is set but the parent is mpirun).
std::string root_refusal_hint();

}  // namespace bw::launch
