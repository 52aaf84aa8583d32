// The durable journal: every event, in order, in SQLite (WAL, synchronous=FULL,
// locking_mode=EXCLUSIVE). What append() has returned from survives kill -9 and power loss. One
// thread at a time. A missing, changed or torn row is noticed: every batch has a checksum,
// sequences have no gaps, and the last one stands in a row of its own.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "coordinator/core/event.h"
#include "coordinator/core/state.h"

namespace bw::journal {

struct JournalOptions {
    /// A snapshot is due after so many new events, and after half as many again as the last one
    /// covers, so that all snapshots together cost a constant per event.
    std::uint64_t snapshot_events = 10'000;
};

class Journal {
public:
    /// Opens or creates DIR/journal.db. Errors: in_use (names host and process of the holder), io
    /// (unwritable directory, with the remedy), corrupt, version_mismatch.
    static Result<Journal> open(const std::filesystem::path& folder, JournalOptions options = {});
    Journal(Journal&&) noexcept;
    Journal& operator=(Journal&&) noexcept;
    ~Journal();

    /// The state at the end of the journal: newest snapshot, then apply() of every later event.
    Result<core::State> replay() const;

    /// Appends the events as one batch and returns after the fsync. A failure is fatal to the
    /// caller.
    Result<void> append(std::span<const core::Event> events);

    /// Several batches, one fsync (group commit).
    Result<void> append_group(std::span<const std::vector<core::Event>> batches);

    /// Events from the beginning, for `verify`, exports and tests.
    Result<void> for_each(
        const std::function<void(std::uint64_t sequence, const core::Event&)>& visit
    ) const;

    /// At least `count` events after that one, as far as there are: the sequence of the last that
    /// was visited. So that a long reading can be done in pieces.
    Result<std::uint64_t> read(
        std::uint64_t after,
        std::uint64_t count,
        const std::function<void(std::uint64_t sequence, const core::Event&)>& visit
    ) const;

    [[nodiscard]] std::uint64_t last_sequence() const;  // of the last event; 0: none
    [[nodiscard]] std::uint64_t snapshot_sequence(
    ) const;  // of the newest snapshot of this build; 0: none

    /// "journal in ...: lies on NFS ...", or empty. For the caller to print.
    [[nodiscard]] const std::string& warning() const;

private:
    struct Impl;
    explicit Journal(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace bw::journal
