// Which BatchNorm groups a job has: decided by the sweep and the model, never by the device it
// lands on (DESIGN 7).
#pragma once

#include <cstdint>
#include <string_view>

#include "sweeps/sweep.h"

namespace bw::sweeps {

/// ghost's default group: large enough for stable statistics, small enough to fit and to be shared
/// among ranks.
inline constexpr std::int64_t kGhostGroupDefault = 32;

/// "ghost", "micro_batch", "frozen".
const char* name_of(BatchNormPolicy policy);

/// Whether the result depends on how many ranks a job has: plain BatchNorm normalises what a rank
/// computes at once.
bool is_tied_to_world_size(const Options& options, std::string_view model);

/// Samples per group of a job with this global batch: `options.bn_group`, or min(batch_size, 32). 0
/// when its samples need not be grouped: a model without BatchNorm, or another policy than ghost.
std::int64_t batch_norm_group(
    const Options& options, std::string_view model, std::int64_t batch_size
);

}  // namespace bw::sweeps
