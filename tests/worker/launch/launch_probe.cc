// A program that behaves as its first argument says: a child of the supervisor, or a process that
// mpirun starts.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>

#include <sched.h>
#include <unistd.h>

#include "worker/launch/launch.h"

extern char** environ;

namespace {

int count_lines(const std::string& path) {
    std::ifstream file(path);
    std::string line;
    int lines = 0;
    while (std::getline(file, line)) ++lines;
    return lines;
}

/// One line per start in `path`; exit status 1 for the first `failures` starts, then 0.
int count_starts(const std::string& path, int failures) {
    std::ofstream(path, std::ios::app) << ::getpid() << '\n';
    return count_lines(path) <= failures ? 1 : 0;
}

/// Says that it is there, then waits for a signal.
int wait_for_signal(const std::string& path) {
    std::ofstream(path) << ::getpid() << ' ' << ::getsid(0) << std::endl;
    for (;;) ::pause();
}

/// Writes to an inherited descriptor: status 1 when it is open, 0 when it is not.
int tell(int descriptor) { return ::write(descriptor, "x", 1) == 1 ? 1 : 0; }

int broadcast() {
    const auto place = bw::launch::discover_place();
    if (!place || place->launcher != bw::launch::Launcher::mpi) return 3;
    const auto text = bw::launch::broadcast_over_mpi(place->rank == 0 ? "endpoint and token" : "");
    if (!text) {
        std::fprintf(stderr, "%s\n", text.error().message.c_str());
        return 4;
    }
    int left = 0;
    for (char** variable = environ; *variable != nullptr; ++variable) {
        const std::string_view name = *variable;
        if (name.starts_with("OMPI_") || name.starts_with("PMIX_")) ++left;
    }
    const int cores = bw::launch::widen_affinity();
    std::printf(
        "rank %d of %d, local %d: got '%s', %d variables left, %d cores\n",
        place->rank,
        place->size,
        place->local_rank,
        text->c_str(),
        left,
        cores
    );
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view mode = argc > 1 ? argv[1] : "";
    if (mode == "exit") return std::atoi(argv[2]);
    if (mode == "tell") return tell(std::atoi(argv[2]));
    if (mode == "count") return count_starts(argv[2], std::atoi(argv[3]));
    if (mode == "wait") return wait_for_signal(argv[2]);
    if (mode == "stubborn") {
        std::signal(SIGTERM, SIG_IGN);
        return wait_for_signal(argv[2]);
    }
    if (mode == "broadcast") return broadcast();
    return 2;
}
