// plot/<model>_train_test_acc.png and plot/<model>_train_test_loss.png, drawn by gnuplot: per model
// the best point by the sweep's objective, Train against Test over the epochs.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "coordinator/core/state.h"
#include "coordinator/results/objective.h"

namespace bw::results {

/// Per model (file-name safe) the job to draw: finished before others, then the best, then the
/// lowest ordinal. Jobs without a measured epoch are left out.
std::map<std::string, JobId> best_jobs(
    const core::State& state, const core::SweepRecord& sweep, const Objective& objective
);

/// The gnuplot program that draws both pictures of one model into the current folder, as *.png.new.
std::string plot_script(const std::string& model, const core::JobRecord& job);

/// Draws into `folder`. A picture that cannot be drawn is a warning, also when gnuplot is not
/// installed. Errors: io.
Result<std::vector<std::string>> write_plots(
    const core::State& state, const core::SweepRecord& sweep, const std::filesystem::path& folder
);

}  // namespace bw::results
