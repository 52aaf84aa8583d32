#include "base/process.h"

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string_view>

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace bw {
namespace {

constexpr int kParkedDescriptors = 512;  // above every number that a child is given

/// Everything that the child needs, made before the fork: between fork and exec it may not
/// allocate.
struct Prepared {
    std::vector<std::string> strings;
    std::vector<char*> argv, environment;
    std::vector<ProcessOptions::Redirect> descriptors;
    ProcessOptions::BrokenPipe broken_pipe = ProcessOptions::BrokenPipe::kills;
    ProcessOptions::Session session = ProcessOptions::Session::own;
    int death_signal = SIGTERM;
    pid_t parent = 0;
    int go_read = -1, error_write = -1;
};

struct Pipe {
    int read = -1, write = -1;
    Pipe() = default;
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;

    ~Pipe() {
        close_read();
        close_write();
    }

    bool open() {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) return false;
        read = ends[0];
        write = ends[1];
        return true;
    }

    void close_read() {
        if (read >= 0) ::close(read);
        read = -1;
    }

    void close_write() {
        if (write >= 0) ::close(write);
        write = -1;
    }
};

bool has_name_of(const char* variable, const std::string& assignment) {
    const std::size_t name_size = assignment.find('=');
    return std::strncmp(variable, assignment.c_str(), name_size + 1) == 0;
}

Prepared prepare(const ProcessOptions& options) {
    Prepared prepared;
    prepared.descriptors = options.descriptors;
    prepared.broken_pipe = options.broken_pipe;
    prepared.session = options.session;
    prepared.death_signal = options.death_signal;
    prepared.parent = ::getpid();
    prepared.strings = options.argv;
    prepared.strings.insert(
        prepared.strings.end(), options.environment.begin(), options.environment.end()
    );
    const std::size_t count = options.argv.size();
    for (std::size_t i = 0; i < prepared.strings.size(); ++i) {
        (i < count ? prepared.argv : prepared.environment).push_back(prepared.strings[i].data());
    }
    for (char** variable = environ; *variable != nullptr; ++variable) {
        bool replaced = false;
        for (const std::string& own : options.environment) {
            replaced = replaced || has_name_of(*variable, own);
        }
        if (!replaced) prepared.environment.push_back(*variable);
    }
    prepared.argv.push_back(nullptr);
    prepared.environment.push_back(nullptr);
    return prepared;
}

[[noreturn]] void give_up(const Prepared& prepared) {
    const int code = errno;
    [[maybe_unused]] const ssize_t n = ::write(prepared.error_write, &code, sizeof code);
    ::_exit(127);
}

/// All but 0-2 and those asked for close at exec. First every source is parked where no target
/// lies, so that a target cannot overwrite a source that is still needed.
void arrange_descriptors(Prepared& prepared) {
    for (auto& redirect : prepared.descriptors) {
        redirect.from = ::fcntl(redirect.from, F_DUPFD_CLOEXEC, kParkedDescriptors);
        if (redirect.from < 0) give_up(prepared);
    }
    if (::syscall(SYS_close_range, 3u, ~0u, CLOSE_RANGE_CLOEXEC) != 0) {
        for (int fd = 3; fd < 1024; ++fd) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
    for (const auto& redirect : prepared.descriptors) {
        if (::dup2(redirect.from, redirect.to) < 0) give_up(prepared);
    }
}

/// Only async-signal-safe calls: the parent may have threads (a resolver's).
[[noreturn]] void run_child(Prepared& prepared) {
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    for (const int signal : {SIGTERM, SIGINT, SIGQUIT, SIGCHLD}) ::signal(signal, SIG_DFL);
    const bool ignores = prepared.broken_pipe == ProcessOptions::BrokenPipe::is_ignored;
    ::signal(SIGPIPE, ignores ? SIG_IGN : SIG_DFL);
    if (prepared.session == ProcessOptions::Session::own) ::setsid();
    ::prctl(PR_SET_PDEATHSIG, prepared.death_signal);
    if (::getppid() != prepared.parent) ::_exit(127);  // it died before the line above
    char go = 0;
    if (::read(prepared.go_read, &go, 1) != 1) ::_exit(127);
    prepared.error_write = ::fcntl(prepared.error_write, F_DUPFD_CLOEXEC, kParkedDescriptors);
    arrange_descriptors(prepared);
    ::execve(prepared.argv[0], prepared.argv.data(), prepared.environment.data());
    give_up(prepared);
}

}  // namespace

Result<pid_t> start_process(const ProcessOptions& options) {
    const std::string name = options.argv.empty() ? "" : options.argv.front();
    if (name.empty()) return fail(Errc::invalid_input, "no program to start was named");
    Prepared prepared = prepare(options);
    Pipe go, error;
    if (!go.open() || !error.open()) {
        return fail(Errc::io, "cannot start \"" + name + "\": " + std::strerror(errno));
    }
    prepared.go_read = go.read;
    prepared.error_write = error.write;
    const pid_t pid = ::fork();
    if (pid < 0) return fail(Errc::io, "cannot start \"" + name + "\": " + std::strerror(errno));
    if (pid == 0) {
        ::close(go.write);  // else the child would not see the parent's death here
        run_child(prepared);
    }
    error.close_write();
    if (options.before_exec) options.before_exec(pid);
    [[maybe_unused]] const ssize_t sent = ::write(go.write, "g", 1);
    int code = 0;
    ssize_t got = 0;
    do {
        got = ::read(error.read, &code, sizeof code);
    } while (got < 0 && errno == EINTR);
    if (got != static_cast<ssize_t>(sizeof code)) return pid;  // closed by the exec
    ::waitpid(pid, nullptr, 0);
    return fail(Errc::io, "cannot start \"" + name + "\": " + std::strerror(code));
}

std::optional<std::uint64_t> start_time_of(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    // The second field is the program's name in parentheses and may hold spaces: count from the
    // last parenthesis.
    const std::size_t name_end = text.rfind(')');
    if (name_end == std::string::npos || name_end + 2 >= text.size()) return std::nullopt;
    const char state = text[name_end + 2];
    if (state == 'Z' || state == 'X') return std::nullopt;
    std::size_t at = name_end + 2;
    for (int field = 3; field < 22 && at != std::string::npos; ++field) {
        at = text.find(' ', at);
        if (at != std::string::npos) ++at;
    }
    if (at == std::string::npos) return std::nullopt;
    std::uint64_t ticks = 0;
    const auto parsed = std::from_chars(text.data() + at, text.data() + text.size(), ticks);
    if (parsed.ec != std::errc()) return std::nullopt;
    return ticks;
}

std::string host_name() {
    char name[256] = "localhost";
    gethostname(name, sizeof name - 1);
    return name;
}

std::string signal_name(int signal) {
    const char* name = ::sigabbrev_np(signal);
    return name == nullptr ? "signal " + std::to_string(signal) : std::string("SIG") + name;
}

}  // namespace bw
