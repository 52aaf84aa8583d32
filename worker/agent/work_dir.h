// The agent's work folder: made, and held by one agent process at a time.
#pragma once

#include <filesystem>

#include <boost/asio/awaitable.hpp>

#include "base/result.h"
#include "base/time.h"

namespace bw::agent {

/// Held until it is destroyed or the process dies.
class WorkDir {
public:
    /// Waits up to `patience` for an earlier agent process to let go of it. Errors: io, in_use.
    static boost::asio::awaitable<Result<WorkDir>> take(
        std::filesystem::path folder, Duration patience
    );

    WorkDir(WorkDir&& other) noexcept;
    WorkDir(const WorkDir&) = delete;
    WorkDir& operator=(const WorkDir&) = delete;
    WorkDir& operator=(WorkDir&&) = delete;
    ~WorkDir();

    [[nodiscard]] std::filesystem::path trainer_records() const { return folder_ / "trainers"; }

    [[nodiscard]] std::filesystem::path spool() const { return folder_ / "facts.spool"; }

private:
    WorkDir(std::filesystem::path folder, int lock);

    std::filesystem::path folder_;
    int lock_ = -1;
};

}  // namespace bw::agent
