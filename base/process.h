// Child processes, and the identity of a process: its pid and its start time. Linux. Shared by the
// supervisor and the agent. A child lives in a session of its own, so that Ctrl-C at a terminal
// reaches only its parent, and gets SIGTERM when the thread that started it dies, unless it is
// asked for otherwise. Call from a thread that lives as long as the process.
#pragma once

#include <csignal>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/result.h"

namespace bw {

struct ProcessOptions {
    struct Redirect {
        int from = -1;  // a descriptor of this process
        int to = -1;    // its number in the child
    };
    enum class BrokenPipe { kills, is_ignored };
    enum class Session { own, of_parent };

    std::vector<std::string> argv;  // argv[0] is the program's path
    std::vector<std::string>
        environment;  // "NAME=value", added to this process's own or in place of them
    std::vector<Redirect> descriptors;  // besides these the child inherits only 0, 1 and 2
    BrokenPipe broken_pipe = BrokenPipe::kills;
    Session session = Session::own;
    int death_signal = SIGTERM;  // at the end of the thread that started it
    std::function<void(pid_t)>
        before_exec;  // runs here while the child waits, for instance to write down its pid
};

/// The caller reaps it. Errors: io, which names the program and what went wrong (not found, not
/// executable, ...).
Result<pid_t> start_process(const ProcessOptions& options);

/// Clock ticks since boot at which the process started: with its pid, its identity. Nothing when
/// there is no such process or only its exit status is left.
std::optional<std::uint64_t> start_time_of(pid_t pid);

/// Of this machine; "localhost" when it has none.
std::string host_name();

/// "SIGSEGV"; "signal 77" where the number has no name.
std::string signal_name(int signal);

}  // namespace bw
