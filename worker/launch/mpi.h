// What libbatchwright_mpi.so exports. Plain C types: the part is opened at run time, and only under
// mpirun.
#pragma once

#include <cstddef>

namespace bw::launch {

inline constexpr const char* kMpiPartName = "libbatchwright_mpi.so";
inline constexpr const char* kMpiPartFunction = "batchwright_mpi_broadcast";
inline constexpr const char* kMpiPartGather = "batchwright_mpi_gather";
inline constexpr std::size_t kBroadcastBytesMax = 64 * 1024;

/// MPI_Init, and at rank 0 every rank's `text_size` bytes into `all`, one after the other. MPI goes
/// on until the broadcast. Returns as that.
using MpiGather = int (*)(
    const char* text, std::size_t text_size, char* all, char* error, std::size_t error_size
);

/// MPI_Init unless it was done, one broadcast of `text` (rank 0's `*text_size` bytes; others' are
/// overwritten), MPI_Finalize. `text` has room for kBroadcastBytesMax bytes. Returns 0, or an MPI
/// error code with its text in `error` (`error_size` bytes).
using MpiBroadcast =
    int (*)(char* text, std::size_t* text_size, char* error, std::size_t error_size);

}  // namespace bw::launch
