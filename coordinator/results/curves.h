// curves.csv of a sweep: the loss of every step of every point, each (point, step) exactly once.
// Made from the curve.csv of each job's last attempt that trained, which holds the whole history
// (worker/trainer/attempt/curve.h).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "coordinator/core/state.h"

namespace bw::results {

/// Writes `file` with the header "ordinal,step,epoch,loss". A torn last row (the trainer was killed
/// while it wrote) is left out. Anything else that is not as it should be, a row that repeats or
/// skips a step or cannot be read, is left out and told in the warnings. Errors: io.
Result<std::vector<std::string>> write_curves(
    const core::State& state,
    const core::SweepRecord& sweep,
    const std::filesystem::path& state_dir,
    const std::filesystem::path& file
);

}  // namespace bw::results
