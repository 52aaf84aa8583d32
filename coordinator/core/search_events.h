// Events of searching and of early stopping (event.h says what binds them). THEIR MEANING IS
// FROZEN.
#pragma once

#include <cstdint>
#include <string>

#include "base/ids.h"
#include "base/time.h"

namespace bw::core {

/// No more points are suggested, whether there are or not, until the sweep's limits change.
struct SearchEnded {
    SweepId sweep;
    std::string reason;
    Instant at;
    friend bool operator==(const SearchEnded&, const SearchEnded&) = default;
};

/// The job waits at a rung, `paused`, for its promotion: its attempt has ended.
struct JobHeld {
    JobId job;
    std::uint32_t attempt = 0;
    std::string reason;
    Instant at;
    friend bool operator==(const JobHeld&, const JobHeld&) = default;
};

/// A job that is held goes on from its checkpoint.
struct JobPromoted {
    JobId job;
    std::string reason;
    Instant at;
    friend bool operator==(const JobPromoted&, const JobPromoted&) = default;
};

}  // namespace bw::core
