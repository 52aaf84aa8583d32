#include "worker/agent/trainer_record.h"

#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/process.h"

namespace bw::agent {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::milliseconds kLookInterval{
    20};  // they are not this process's children: no signal tells

struct Identity {
    pid_t pid = 0;
    std::uint64_t start_time = 0;
};

std::optional<Identity> identity_of(const std::filesystem::path& record) {
    const std::string name = record.filename().string();
    const char* end = name.data() + name.size();
    Identity identity;
    const auto pid = std::from_chars(name.data(), end, identity.pid);
    if (pid.ec != std::errc() || pid.ptr == end || *pid.ptr != '-') return std::nullopt;
    const auto start = std::from_chars(pid.ptr + 1, end, identity.start_time);
    if (start.ec != std::errc() || start.ptr != end) return std::nullopt;
    return identity;
}

/// Those that still run; the records of the others are removed.
std::vector<Identity> running_of(const std::filesystem::path& folder) {
    std::vector<Identity> running;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        const auto identity = identity_of(entry.path());
        if (identity && start_time_of(identity->pid) == identity->start_time) {
            running.push_back(*identity);
        } else {
            remove_trainer_record(entry.path());
        }
    }
    return running;
}

std::vector<pid_t> recorded_in(const std::filesystem::path& folder) {
    std::vector<pid_t> pids;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        if (const auto identity = identity_of(entry.path())) pids.push_back(identity->pid);
    }
    return pids;
}

void ask_all(const std::vector<Identity>& processes) {
    for (const Identity& process : processes) ::kill(process.pid, SIGTERM);
}

/// With what they have started: each leads a group.
void kill_all(const std::vector<Identity>& processes) {
    for (const Identity& process : processes) ::kill(-process.pid, SIGKILL);
}

}  // namespace

std::filesystem::path write_trainer_record(const std::filesystem::path& folder, pid_t pid) {
    const auto start_time = start_time_of(pid);
    if (!start_time) return {};
    auto record = folder / (std::to_string(pid) + "-" + std::to_string(*start_time));
    std::ofstream file(record);
    return record;
}

void remove_trainer_record(const std::filesystem::path& record) {
    std::error_code ignored;
    if (!record.empty()) std::filesystem::remove(record, ignored);
}

asio::awaitable<std::vector<pid_t>> end_recorded_trainers(
    std::filesystem::path folder, Duration grace
) {
    const std::vector<pid_t> recorded = recorded_in(folder);
    std::vector<Identity> running = running_of(folder);
    if (running.empty()) co_return recorded;
    std::fprintf(
        stderr,
        "batchwright agent: waits for %zu trainers of an earlier agent to end\n",
        running.size()
    );
    ask_all(running);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::nanoseconds(grace.ns);
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor);
    while (!running.empty()) {
        timer.expires_after(kLookInterval);
        co_await timer.async_wait(asio::use_awaitable);
        running = running_of(folder);
        if (std::chrono::steady_clock::now() > deadline) kill_all(running);
    }
    co_return recorded;
}

}  // namespace bw::agent
