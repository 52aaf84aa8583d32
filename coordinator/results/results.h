// What a sweep leaves behind: results.json, curves.csv, plot/*.png. Made from a state and the
// attempts' files; any thread (the state must not change meanwhile).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/result.h"
#include "coordinator/core/state.h"

namespace bw::results {

/// The content of results.json, also of a sweep that still runs:
/// {"sweep", "state", "environment", "lost_device_seconds",
///  "points": [{"ordinal", "hash", "params", "state", "reason", "attempts", "retries_used",
///  "lost_device_seconds", "world_size", "micro_batch", "accumulation", "samples_per_step": {"min",
///  "max"}, "weights_sha256", "metrics": {"train_loss", "test_loss", "test_accuracy",
///  "samples_per_second"}}]}
/// "sweep" is results::sweep_name; "state" is "running" or, when every point has a terminal state,
/// "finished". What is unknown or not finite is null. Metrics of a point without a result are those
/// of its last epoch.
nlohmann::json results_json(
    const core::State& state, const core::SweepRecord& sweep, const nlohmann::json& environment
);

/// Seconds by cause (core::LostTime): what was trained and thrown away.
nlohmann::json lost_json(const core::LostTime& lost);

/// Writes everything into sweep_dir(state_dir, sweep), each file at once or not at all,
/// results.json last: where it is, the rest is. Returns warnings, for the caller to print (gnuplot
/// is not there, a curve has a gap). Errors: io.
Result<std::vector<std::string>> write_results(
    const core::State& state,
    const core::SweepRecord& sweep,
    const std::filesystem::path& state_dir,
    const nlohmann::json& environment
);

}  // namespace bw::results
