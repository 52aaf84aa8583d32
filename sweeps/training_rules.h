// Rules between parameters of the built-in trainer, and between them and the options of the sweep.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sweeps/sweep.h"

namespace bw::sweeps {

struct CombinationProblem {
    std::string parameter;  // the one to blame
    std::string message;
};

/// Of parameters that are complete and each valid by itself: between network, data and batch;
/// between optimizer, schedule and their constants; both.
std::optional<CombinationProblem> data_problem(const Map& complete);
std::optional<CombinationProblem> learning_problem(const Map& complete);
std::optional<CombinationProblem> combination_problem(const Map& complete);

struct GroupProblem {
    std::string option;  // "micro_batch", "world_size"
    std::string message;
};

/// Whether the options can cut a global batch: with ghost BatchNorm, micro-batches and shares of
/// ranks are whole groups. `model` decides whether there are groups at all.
std::optional<GroupProblem> group_problem(
    const Options& options, std::string_view model, std::int64_t batch
);

}  // namespace bw::sweeps
