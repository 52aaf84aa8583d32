#include "tests/worker/trainer/process/gang_fixture.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bw::trainer::test {
namespace {

namespace wire = trainer_wire;

constexpr int kSilenceMaxMs = 120'000;

}  // namespace

Gang::Gang(const GangOptions& options)
    : options_(options), ranks_(static_cast<std::size_t>(options.world_size)) {
    std::signal(SIGPIPE, SIG_IGN);
    std::filesystem::create_directories(options.attempt_dir);
    for (auto& rank : ranks_) spawn(rank);
}

Gang::~Gang() {
    hang_up();
    signal_all(SIGKILL);
    for (auto& rank : ranks_) {
        if (rank.pid > 0) ::waitpid(rank.pid, nullptr, 0);
    }
}

void Gang::spawn(Rank& rank) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) throw std::runtime_error("socketpair");
    ::fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    const std::string number = std::to_string(ends[1]);
    ::setenv(wire::kDescriptorVariable, number.c_str(), 1);
    std::string program = BW_TRAINER;
    char* arguments[] = {program.data(), nullptr};
    if (::posix_spawn(&rank.pid, BW_TRAINER, nullptr, nullptr, arguments, environ) != 0) {
        throw std::runtime_error("cannot start " BW_TRAINER);
    }
    ::close(ends[1]);
    rank.descriptor = ends[0];
}

wire::Start Gang::start_for(int rank) const {
    wire::Start start;
    start.job = 1;
    start.attempt = 1;
    start.rank = rank;
    start.params_json = options_.params.dump();
    start.plan = {options_.global_batch, options_.group, options_.micro_batch, options_.world_size};
    start.bn = options_.bn;
    start.checkpoint_steps = options_.checkpoint_steps;
    start.attempt_dir = options_.attempt_dir.string();
    start.resume_from = options_.resume_from;
    start.data_path = options_.data_paths.empty()
                          ? options_.data_path
                          : options_.data_paths[static_cast<std::size_t>(rank)];
    start.cache_dir = options_.cache_dir;
    start.host =
        options_.hosts.empty() ? "127.0.0.1" : options_.hosts[static_cast<std::size_t>(rank)];
    start.device = options_.device;
    start.port_first = options_.store_ports.first;
    start.port_last = options_.store_ports.second;
    start.threads = options_.threads;
    start.asked_micro_batch = options_.asked_micro_batch;
    start.profiles_dir = options_.profiles_dir;
    if (!options_.memory_limits.empty())
        start.memory_limit_bytes = options_.memory_limits[static_cast<std::size_t>(rank)];
    return start;
}

void Gang::send(int rank, const wire::ToTrainer& message) {
    const std::string line = wire::encode(message) + "\n";
    const int fd = ranks_[static_cast<std::size_t>(rank)].descriptor;
    if (fd >= 0 && ::send(fd, line.data(), line.size(), MSG_NOSIGNAL) < 0 && errno != EPIPE) {
        throw std::runtime_error("send to a trainer failed");
    }
}

void Gang::send_all(const wire::ToTrainer& message) {
    for (int rank = 0; rank < options_.world_size; ++rank) send(rank, message);
}

void Gang::signal(int rank, int signal) {
    const int pid = ranks_[static_cast<std::size_t>(rank)].pid;
    if (pid > 0) ::kill(pid, signal);
}

void Gang::signal_all(int number) {
    for (int rank = 0; rank < options_.world_size; ++rank) signal(rank, number);
}

void Gang::hang_up() {
    for (auto& rank : ranks_) {
        if (rank.descriptor >= 0) ::close(rank.descriptor);
        rank.descriptor = -1;
    }
}

void Gang::on_message(int rank, const wire::FromTrainer& message, const Reaction& reaction) {
    ranks_[static_cast<std::size_t>(rank)].end.messages.push_back(message);
    if (std::holds_alternative<wire::Ready>(message)) send(rank, start_for(rank));
    if (const auto* opened = std::get_if<wire::StoreOpened>(&message)) {
        for (int other = 1; other < options_.world_size; ++other) {
            send(other, wire::Rendezvous{.host = opened->host, .port = opened->port});
        }
    }
    if (rank == 0 && reaction) reaction(*this, message);
}

void Gang::read_from(int index, const Reaction& reaction) {
    auto& rank = ranks_[static_cast<std::size_t>(index)];
    char bytes[8192];
    const ssize_t n = ::read(rank.descriptor, bytes, sizeof bytes);
    if (n <= 0) {
        ::close(rank.descriptor);
        rank.descriptor = -1;
        return;
    }
    rank.buffer.append(bytes, static_cast<std::size_t>(n));
    for (auto end = rank.buffer.find('\n'); end != std::string::npos;
         end = rank.buffer.find('\n')) {
        const auto message = wire::decode_from_trainer(rank.buffer.substr(0, end));
        rank.buffer.erase(0, end + 1);
        if (!message || !*message) throw std::runtime_error("a trainer sent a malformed line");
        on_message(index, **message, reaction);
        if (rank.descriptor < 0) return;
    }
}

std::vector<RankEnd> Gang::run(const Reaction& reaction) {
    for (;;) {
        std::vector<pollfd> open;
        std::vector<int> owners;
        for (int rank = 0; rank < options_.world_size; ++rank) {
            const int fd = ranks_[static_cast<std::size_t>(rank)].descriptor;
            if (fd < 0) continue;
            open.push_back({.fd = fd, .events = POLLIN, .revents = 0});
            owners.push_back(rank);
        }
        if (open.empty()) break;
        if (::poll(open.data(), open.size(), kSilenceMaxMs) <= 0) {
            std::fprintf(stderr, "the gang hangs; it is killed\n");
            signal_all(SIGKILL);
        }
        for (std::size_t i = 0; i < open.size(); ++i) {
            if (open[i].revents != 0 &&
                ranks_[static_cast<std::size_t>(owners[i])].descriptor >= 0) {
                read_from(owners[i], reaction);
            }
        }
    }
    std::vector<RankEnd> ends;
    for (auto& rank : ranks_) {
        int status = 0;
        ::waitpid(rank.pid, &status, 0);
        rank.pid = -1;
        rank.end.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        ends.push_back(std::move(rank.end));
    }
    return ends;
}

std::vector<double> curve_losses(const std::filesystem::path& attempt_dir) {
    std::ifstream in(attempt_dir / "curve.csv");
    std::string line;
    std::getline(in, line);
    std::vector<double> losses;
    while (std::getline(in, line)) {
        const auto step = std::strtoll(line.c_str(), nullptr, 10);
        if (step != std::ssize(losses) + 1) throw std::runtime_error("curve.csv: step " + line);
        const auto loss = line.find(',', line.find(',') + 1) + 1;
        losses.push_back(std::strtod(line.c_str() + loss, nullptr));
    }
    return losses;
}

double last_curve_seconds(const std::filesystem::path& attempt_dir) {
    std::ifstream in(attempt_dir / "curve.csv");
    std::string line, last;
    while (std::getline(in, line)) last = line;
    return std::strtod(last.c_str() + last.rfind(',') + 1, nullptr);
}

}  // namespace bw::trainer::test
