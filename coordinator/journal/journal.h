// The durable journal: every event, in order, in SQLite (WAL, synchronous=FULL, locking_mode=EXCLUSIVE). What append()
// has returned from survives kill -9 and power loss. One thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>

#include "base/result.h"
#include "coordinator/core/event.h"
#include "coordinator/core/state.h"

namespace bw::journal {

class Journal {
public:
    /// Opens or creates DIR/journal.db. Errors: in_use (names host and process of the holder), io (unwritable
    /// directory, with the remedy), corrupt, version_mismatch.
    static Result<Journal> open(const std::filesystem::path& folder);
    Journal(Journal&&) noexcept;
    Journal& operator=(Journal&&) noexcept;
    ~Journal();

    /// The state at the end of the journal: newest snapshot, then apply() of every later event.
    Result<core::State> replay() const;

    /// Appends the events as one batch and returns after the fsync. A failure is fatal to the caller.
    Result<void> append(std::span<const core::Event> events);

    /// Several batches, one fsync (group commit).
    Result<void> append_group(std::span<const std::vector<core::Event>> batches);

    /// Events from the beginning, for `verify`, exports and tests.
    Result<void> for_each(const std::function<void(std::uint64_t sequence, const core::Event&)>& visit) const;

    [[nodiscard]] std::uint64_t last_sequence() const;

private:
    struct Impl;
    explicit Journal(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace bw::journal
