// Reads the keys under `batchwright:` that say how the space is searched and which jobs run to
// their end. Misspelt keys are refused with the nearest name.
#pragma once

#include <array>
#include <string_view>

#include "sweeps/problems.h"
#include "sweeps/sweep.h"
#include "sweeps/yaml_reader.h"

namespace bw::sweeps {

inline constexpr std::array<std::string_view, 10> kSearchKeys = {
    "sampler",
    "stopper",
    "budget",
    "max_failures",
    "replicas",
    "points",
    "include",
    "exclude",
    "order",
    "per_model"};

inline constexpr std::int64_t kReplicasMax = 1000;

/// `section`: the map under `batchwright:`.
void read_search_options(const Entry& section, Options& options, Problems& problems);

}  // namespace bw::sweeps
