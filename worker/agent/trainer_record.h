// Which trainers an agent process has started, written down before each begins, so that the next
// agent process of the same name offers a slot only after they are gone. A record is an empty file
// PID-STARTTIME.
#pragma once

#include <filesystem>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <sys/types.h>

#include "base/time.h"

namespace bw::agent {

/// Returns the record's path; empty when the process is already gone.
std::filesystem::path write_trainer_record(const std::filesystem::path& folder, pid_t pid);
void remove_trainer_record(const std::filesystem::path& record);

/// SIGTERM to every process on record that still runs, SIGKILL after the grace; returns when all
/// are gone, and with them their records: the pids of all that were on record. A pid that now
/// belongs to another process is left alone.
boost::asio::awaitable<std::vector<pid_t>> end_recorded_trainers(
    std::filesystem::path folder, Duration grace
);

}  // namespace bw::agent
