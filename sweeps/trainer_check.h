// Checks a search space against what the built-in trainer takes, before anything runs.
#pragma once

#include <vector>

#include "sweeps/problems.h"
#include "sweeps/space.h"

namespace bw::sweeps {

/// `parameters` is the place for what is missing; `options_entry` may be null.
struct TrainerCheckInput {
    const Entry* parameters_entry = nullptr;
    const Entry* options_entry = nullptr;
    const std::vector<ReadParameter>& parameters;
    const Options& options;
};

void check_training_space(const TrainerCheckInput& input, Problems& problems);

}  // namespace bw::sweeps
