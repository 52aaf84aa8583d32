// The clients of a simulation: which sweeps are submitted, and when; each repeats itself until it
// is acknowledged.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "coordinator/sim/world.h"

namespace bw::sim {

struct Submission {
    std::int64_t at = 0;  // tick
    std::string text;
    bool is_acknowledged = false;
    std::int64_t again_at = 0;  // when no answer came
};

/// One to four sweeps, some of them submitted again later with other limits.
std::vector<Submission> make_scenario(World& world);

}  // namespace bw::sim
