#include "worker/agent/work_dir.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace bw::agent {

namespace asio = boost::asio;

WorkDir::WorkDir(std::filesystem::path folder, int lock)
    : folder_(std::move(folder)), lock_(lock) {}

WorkDir::WorkDir(WorkDir&& other) noexcept
    : folder_(std::move(other.folder_)), lock_(std::exchange(other.lock_, -1)) {}

WorkDir::~WorkDir() {
    if (lock_ >= 0) ::close(lock_);
}

asio::awaitable<Result<WorkDir>> WorkDir::take(std::filesystem::path folder, Duration patience) {
    std::error_code error;
    std::filesystem::create_directories(folder / "trainers", error);
    const std::string lock_file = folder / "lock";
    const int lock = error ? -1 : ::open(lock_file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0) {
        const std::string why = error ? error.message() : std::strerror(errno);
        co_return fail(
            Errc::io, "the agent's work folder " + folder.string() + " cannot be written: " + why
        );
    }
    WorkDir taken(std::move(folder), lock);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::nanoseconds(patience.ns);
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor);
    while (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
        if (std::chrono::steady_clock::now() > deadline) {
            co_return fail(
                Errc::in_use,
                "another agent process holds the work folder " + taken.folder_.string() +
                    ": give each agent of a host its own name"
            );
        }
        timer.expires_after(std::chrono::milliseconds(50));
        co_await timer.async_wait(asio::use_awaitable);
    }
    co_return std::move(taken);
}

}  // namespace bw::agent
