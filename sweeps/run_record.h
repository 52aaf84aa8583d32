// Runs of a sweep as W&B's tools exchange them: state, parameters, and what was logged. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sweeps/value.h"

namespace bw::sweeps {

enum class RunState { pending, running, finished, killed, crashed, failed, preempting, preempted };

/// finished, crashed, failed, killed.
bool is_terminal(RunState state);

struct RunRecord {
    std::string name;
    RunState state = RunState::pending;
    Map config;    // {parameter: {value: v}}
    List history;  // one map per logged line
    Map summary;

    /// The finite numbers logged under a name, in order: text, booleans, null, NaN and infinities
    /// do not count.
    [[nodiscard]] std::vector<double> metric_history(std::string_view metric) const;

    /// The same and the summary's value, where it is a finite number.
    [[nodiscard]] std::vector<double> metric_values(std::string_view metric) const;
};

/// A list of runs, or a map with the list under "runs". Keys: name, state, config, history (or
/// sampledHistory), summary_metrics (or summaryMetrics).
Result<std::vector<RunRecord>> read_runs(const Value& value);

/// The parameter's value in a run; levels as in the file: config[first].value[second]... nullptr
/// when it is missing.
const Value* find_run_value(const RunRecord& run, const std::vector<std::string>& levels);

}  // namespace bw::sweeps
