// What all parts of the simulation share: time, chance, durable storage, and the list of broken
// rules.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "base/rng.h"
#include "base/time.h"
#include "coordinator/sim/sim.h"

namespace bw::sim {

inline constexpr Duration kTick = milliseconds(100);
inline constexpr std::int64_t kLeaseTicks = 50;
inline constexpr std::int64_t kGraceTicks = 30;  // for a rank that is told to stop
inline constexpr Duration kStepTime = seconds(1);

struct World {
    explicit World(const SimOptions& o) : options(o), rng(o.seed) {}

    SimOptions options;
    Rng rng;
    std::int64_t tick = 1;
    std::set<std::string> storage;  // paths of complete checkpoints
    std::string failure;            // the first broken rule
    std::int64_t bad_tick = 0;

    [[nodiscard]] Instant now() const { return {tick * kTick.ns}; }

    [[nodiscard]] bool has_faults() const { return tick <= options.fault_ticks; }

    /// True `per_mille` times in a thousand.
    bool chance(std::uint64_t per_mille) { return rng.below(1000) < per_mille; }

    std::int64_t between(std::int64_t first, std::int64_t last) {
        return first +
               static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(last - first + 1)));
    }

    void require(bool holds, const std::string& rule) {
        if (holds || !failure.empty()) return;
        failure = rule;
        bad_tick = tick;
    }
};

}  // namespace bw::sim
