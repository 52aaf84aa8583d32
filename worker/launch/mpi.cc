// The only file that includes mpi.h; built into a library of its own, so that the programs run
// without Open MPI.
#include "worker/launch/mpi.h"

#include <cstdio>

#include <mpi.h>

namespace {

int broadcast(char* text, std::size_t* text_size) {
    unsigned long long size = *text_size;
    const int code = MPI_Bcast(&size, 1, MPI_UNSIGNED_LONG_LONG, 0, MPI_COMM_WORLD);
    if (code != MPI_SUCCESS) return code;
    if (size > bw::launch::kBroadcastBytesMax) return MPI_ERR_TRUNCATE;
    *text_size = static_cast<std::size_t>(size);
    return MPI_Bcast(text, static_cast<int>(size), MPI_CHAR, 0, MPI_COMM_WORLD);
}

int initialise() {
    int is_initialised = 0;
    const int asked = MPI_Initialized(&is_initialised);
    if (asked != MPI_SUCCESS || is_initialised != 0) return asked;
    const int code = MPI_Init(nullptr, nullptr);
    if (code == MPI_SUCCESS) MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    return code;
}

void describe(int code, const char* where, char* error, std::size_t error_size) {
    std::snprintf(error, error_size, "MPI error %d (class of %s)", code, where);
}

}  // namespace

extern "C" __attribute__((visibility("default"))) int batchwright_mpi_gather(
    const char* text, std::size_t text_size, char* all, char* error, std::size_t error_size
) {
    const int size = static_cast<int>(text_size);
    int code = initialise();
    if (code == MPI_SUCCESS)
        code = MPI_Gather(text, size, MPI_CHAR, all, size, MPI_CHAR, 0, MPI_COMM_WORLD);
    if (code != MPI_SUCCESS) describe(code, "MPI_Init or MPI_Gather", error, error_size);
    return code;
}

extern "C" __attribute__((visibility("default"))) int batchwright_mpi_broadcast(
    char* text, std::size_t* text_size, char* error, std::size_t error_size
) {
    int code = initialise();
    if (code == MPI_SUCCESS) {
        code = broadcast(text, text_size);
        const int end = MPI_Finalize();
        if (code == MPI_SUCCESS) code = end;
    }
    if (code != MPI_SUCCESS)
        describe(code, "MPI_Init, MPI_Bcast or MPI_Finalize", error, error_size);
    return code;
}
