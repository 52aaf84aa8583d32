// POST /api/v1/sweeps: a sweep file becomes a sweep, or continues the one it was before.
#pragma once

#include <functional>

#include "coordinator/api/replica.h"
#include "coordinator/api/router.h"

namespace bw::api {

/// What the API needs of the reactor. Loop thread only.
struct CorePort {
    using WhenDurable = std::function<void(const core::State&)>;

    /// The input is decided at once; `when_durable` runs after its events are on disk.
    std::function<void(const core::Input&, WhenDurable)> submit;
    std::function<const core::State&()> state;
    std::function<Instant()> now;

    /// Every event on disk so far, in order, off the loop; then `done` on the loop.
    using Visit = std::function<void(std::uint64_t sequence, const core::Event&)>;
    std::function<void(Visit, std::function<void(Result<void>)> done)> read_journal;

    /// Whether sweeps may name programs of their own, which run as the agents' users.
    bool allows_programs = false;
};

void submit_sweep(const CorePort& core, Replica& replica, const Call& call, http::Reply reply);

}  // namespace bw::api
