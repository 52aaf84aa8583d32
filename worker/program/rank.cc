#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/number.h"
#include "base/process.h"
#include "worker/program/command.h"
#include "worker/program/line_socket.h"
#include "worker/program/meeting_port.h"
#include "worker/program/program.h"
#include "worker/program/reports.h"

namespace bw::program {

namespace wire = trainer_wire;

namespace {

using Clock = std::chrono::steady_clock;
using Deadline = std::optional<Clock::time_point>;

constexpr int kUsageError = 2;
constexpr int kProgramDescriptor = 3;
constexpr std::chrono::seconds kTakenAsRunning{10};  // a program that says nothing
constexpr std::chrono::milliseconds kDefaultGrace{30'000};

class Rank {
public:
    Rank(int agent, int signals) : agent_(agent), signals_(signals) {}

    int run() {
        agent_.send(wire::encode(wire::FromTrainer{wire::Ready{}}));
        while (!is_over_) {
            wait();
            hear_signals();
            hear_agent();
            hear_program();
            keep_deadlines();
        }
        return leave();
    }

private:
    // ---- waiting
    void wait() {
        std::array<pollfd, 3> entries{};
        entries[0] = {.fd = signals_, .events = POLLIN, .revents = 0};
        entries[1] = {
            .fd = agent_.is_closed() ? -1 : agent_.descriptor(), .events = POLLIN, .revents = 0};
        const bool hears = program_ && !program_->is_closed();
        entries[2] = {.fd = hears ? program_->descriptor() : -1, .events = POLLIN, .revents = 0};
        int timeout_ms = -1;
        for (const Deadline& deadline : {running_at_, terminate_at_, kill_at_}) {
            if (!deadline) continue;
            const auto left =
                std::chrono::ceil<std::chrono::milliseconds>(*deadline - Clock::now()).count();
            const int due = static_cast<int>(std::clamp<std::int64_t>(left, 0, 1'000'000));
            timeout_ms = timeout_ms < 0 ? due : std::min(timeout_ms, due);
        }
        ::poll(entries.data(), entries.size(), timeout_ms);
    }

    static bool is_due(Deadline& deadline) {
        if (!deadline || Clock::now() < *deadline) return false;
        deadline.reset();
        return true;
    }

    void keep_deadlines() {
        if (is_due(running_at_)) heed(reports_->run());
        if (is_due(terminate_at_)) signal_program(SIGTERM);
        if (is_due(kill_at_)) signal_program(SIGKILL);
        if (program_ && program_->is_read()) listens_ = true;
    }

    void hear_signals() {
        signalfd_siginfo info{};
        while (::read(signals_, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
            if (info.ssi_signo == SIGTERM) ask_to_stop(wire::StopMode::preempt);
        }
        reap();
    }

    // ---- the agent
    void hear_agent() {
        if (agent_.is_closed()) return;
        const bool is_there = agent_.fill();
        while (const auto line = agent_.take_line()) {
            const auto message = wire::decode_to_trainer(*line);
            if (message && *message) std::visit([this](const auto& m) { obey(m); }, **message);
        }
        if (is_there) return;
        // It is gone: the work is saved, as when it asks for it.
        ask_to_stop(wire::StopMode::preempt);
        if (pid_ == 0) is_over_ = true;
    }

    void obey(const wire::Start& start) {
        if (start_) return;
        start_ = start;
        if (start_->host.empty()) start_->host = "127.0.0.1";
        std::error_code shows_when_something_is_written;
        std::filesystem::create_directories(start.attempt_dir, shows_when_something_is_written);
        reports_.emplace(
            *start_,
            Reports::Ports{
                [this](const wire::FromTrainer& m) { agent_.send(wire::encode(m)); },
                [this](const wire::FromTrainer& m) { agent_.send_if_room(wire::encode(m)); }}
        );
        if (start.rank == 0) {
            lead();
        } else if (early_) {
            obey(*early_);
        }
    }

    void lead() {
        auto port = MeetingPort::reserve(start_->port_first, start_->port_last);
        if (!port) return give_up(port.error(), Retry::yes);
        port_.emplace(std::move(*port));
        const wire::StoreOpened opened{.host = start_->host, .port = port_->number()};
        if (start_->plan.world_size > 1) agent_.send(wire::encode(wire::FromTrainer{opened}));
        start_program({opened.host, opened.port});
    }

    void obey(const wire::Rendezvous& where) {
        if (!start_) {
            early_ = where;
        } else if (pid_ == 0 && !is_over_ && start_->rank != 0) {
            start_program({where.host, where.port});
        }
    }

    void obey(const wire::Stop& stop) { ask_to_stop(stop.mode); }

    void obey(const wire::CheckpointAccepted& accepted) {
        if (reports_) reports_->accept(accepted.step);
        if (program_) program_->send_if_room(wire::encode(wire::ToTrainer{accepted}));
    }

    // ---- the program
    void start_program(const Meeting& meeting) {
        auto command = command_of(*start_);
        if (!command) return give_up(command.error(), Retry::no);
        int pair[2];
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
            return give_up(fail(Errc::io, "no socket for the program"), Retry::yes);
        program_ = std::make_unique<LineSocket>(pair[0]);
        ProcessOptions child;
        child.argv = std::move(*command);
        child.environment = environment_of(*start_, meeting);
        child.environment.push_back(
            std::string(wire::kDescriptorVariable) + "=" + std::to_string(kProgramDescriptor)
        );
        child.descriptors = {{pair[1], kProgramDescriptor}};
        // In one group with this process: when the agent ends it, nothing of the program is left.
        child.session = ProcessOptions::Session::of_parent;
        child.death_signal = SIGKILL;
        const auto pid = start_process(child);
        ::close(pair[1]);
        if (!pid) return give_up(pid.error(), Retry::no);
        pid_ = *pid;
        running_at_ = Clock::now() + kTakenAsRunning;
        wire::Start told = *start_;
        told.program_json.clear();
        program_->send_if_room(wire::encode(wire::ToTrainer{told}));
    }

    void hear_program() {
        if (!program_) return;
        program_->fill();
        if (program_->unfinished_bytes() > 64 * wire::kLineBytesMax) return;
        while (const auto line = program_->take_line()) {
            const auto message = wire::decode_from_trainer(*line);
            if (!message) return break_off(message.error());
            if (!*message) continue;
            if (const auto* running = std::get_if<wire::Running>(&**message); running != nullptr)
                running_at_.reset();
            heed(reports_->take(**message));
        }
        if (program_->unfinished_bytes() > wire::kLineBytesMax)
            break_off(fail(Errc::corrupt, "the program sent a line of more than 64 KiB"));
    }

    void heed(const Result<void>& outcome) {
        if (!outcome) break_off(outcome.error());
    }

    // What it says cannot be used: nobody could trust its results.
    void break_off(const Error& why) {
        if (breach_) return;
        breach_ = why;
        signal_program(SIGKILL);
    }

    /// By a line, if it has read any; else by SIGTERM, as at half the grace to one that has not
    /// heeded the line.
    void ask_to_stop(wire::StopMode mode) {
        if (is_over_ || !start_) {
            is_over_ = true;
            return;
        }
        if (pid_ == 0) return say_last(wire::Stopped{.step = start_->resume_step});
        if (program_->is_read()) listens_ = true;
        program_->send_if_room(wire::encode(wire::ToTrainer{wire::Stop{mode}}));
        if (std::exchange(is_asked_, true)) return;
        const auto grace =
            start_->grace_ms > 0 ? std::chrono::milliseconds(start_->grace_ms) : kDefaultGrace;
        kill_at_ = Clock::now() + grace;
        if (listens_) {
            terminate_at_ = Clock::now() + grace / 2;
        } else {
            signal_program(SIGTERM);
        }
    }

    void signal_program(int signal) const {
        if (pid_ != 0) ::kill(pid_, signal);
    }

    void reap() {
        int status = 0;
        if (pid_ == 0 || ::waitpid(pid_, &status, WNOHANG) != pid_) return;
        pid_ = 0;
        hear_program();
        ProgramEnd end;
        end.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
        end.status = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
        end.was_asked = is_asked_;
        if (breach_) return give_up(*breach_, Retry::no);
        if (const auto word = reports_->last_word(end)) return say_last(*word);
        own_end_ = end;
        is_over_ = true;
    }

    // ---- the end
    enum class Retry { no, yes };

    void give_up(const Error& error, Retry retry) {
        std::fprintf(stderr, "batchwright: %s\n", error.message.c_str());
        say_last(wire::Failed{
            .code = static_cast<int>(error.code),
            .message = error.message,
            .retry = retry == Retry::yes});
    }

    void say_last(const wire::FromTrainer& word) {
        agent_.send(wire::encode(word));
        is_over_ = true;
    }

    /// As the program ended, where nothing was said of it.
    [[nodiscard]] int leave() const {
        if (!own_end_) return EXIT_SUCCESS;
        if (own_end_->signal == 0) return own_end_->status;
        const rlimit no_core{0, 0};
        ::setrlimit(RLIMIT_CORE, &no_core);
        ::signal(own_end_->signal, SIG_DFL);
        sigset_t one;
        ::sigemptyset(&one);
        ::sigaddset(&one, own_end_->signal);
        ::sigprocmask(SIG_UNBLOCK, &one, nullptr);
        ::raise(own_end_->signal);
        return EXIT_FAILURE;
    }

    LineSocket agent_;
    int signals_;
    std::optional<wire::Start> start_;
    std::optional<wire::Rendezvous> early_;
    std::optional<MeetingPort> port_;
    std::optional<Reports> reports_;
    std::unique_ptr<LineSocket> program_;
    pid_t pid_ = 0;
    bool listens_ = false;   // it has read its descriptor
    bool is_asked_ = false;  // to stop
    bool is_over_ = false;
    std::optional<Error> breach_;
    std::optional<ProgramEnd> own_end_;
    Deadline running_at_, terminate_at_, kill_at_;
};

int open_signals() {
    sigset_t wanted;
    ::sigemptyset(&wanted);
    ::sigaddset(&wanted, SIGCHLD);
    ::sigaddset(&wanted, SIGTERM);
    ::sigprocmask(SIG_BLOCK, &wanted, nullptr);
    ::signal(SIGINT, SIG_IGN);  // what Ctrl-C means is the agent's decision
    ::signal(SIGPIPE, SIG_IGN);
    return ::signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC);
}

}  // namespace

int run_rank() {
    const char* text = std::getenv(wire::kDescriptorVariable);
    const auto descriptor = text == nullptr ? std::nullopt : parse_number<int>(text);
    if (!descriptor || ::fcntl(*descriptor, F_SETFD, FD_CLOEXEC) != 0) {
        std::fprintf(
            stderr, "batchwright: a program's rank is started by an agent, never by hand\n"
        );
        return kUsageError;
    }
    // What lets this host's agent speak for the coordinator's clients is not the program's.
    for (const char* secret : {"BATCHWRIGHT_TOKEN", "BATCHWRIGHT_FINGERPRINT"}) ::unsetenv(secret);
    return Rank(*descriptor, open_signals()).run();
}

}  // namespace bw::program
