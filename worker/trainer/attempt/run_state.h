// What an attempt knows beside weights and optimizer state, and what a checkpoint therefore names:
// where it is, and the sums that the values of the epoch in progress are made from. No torch.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>

#include "base/result.h"
#include "worker/trainer/schedule/schedule.h"

namespace bw::trainer {

inline constexpr double kNotEvaluated = std::numeric_limits<double>::quiet_NaN();

struct RunState {
    std::int64_t step = 0;  // optimizer steps done
    // Of the epoch in progress.
    double loss_sum = 0, correct = 0, samples = 0;
    // Counted by the loaders, summed over ranks; 0: no step yet.
    std::int64_t step_samples_min = 0, step_samples_max = 0;
    // Of the whole job: samples trained on and the seconds that their steps took; wall seconds
    // since the first step.
    double samples_total = 0, step_seconds = 0, wall_seconds = 0;
    // Of the last epoch that ended, and of the last evaluation.
    double train_loss = kNotEvaluated, train_accuracy = kNotEvaluated;
    double test_loss = kNotEvaluated, test_accuracy = kNotEvaluated;
    Plateau plateau = {};
    double best_accuracy = kNotEvaluated;  // on the test set, so far
    std::int64_t ended = 0;                // 1: target_loss was reached, no further step
};

using Metadata = std::map<std::string, std::string>;

/// Doubles round-trip exactly.
void write_run_state(const RunState& state, Metadata& out);

/// Errors: Errc::corrupt, naming the field.
Result<RunState> read_run_state(const Metadata& metadata);

}  // namespace bw::trainer
