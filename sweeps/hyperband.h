// W&B's hyperband stopping (SYNTAX, section 6): at each band a running run must be among the best
// 1/eta of all runs that got so far. Nothing is remembered between calls. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sweeps/run_record.h"
#include "sweeps/sweep.h"
#include "sweeps/wandb_space.h"

namespace bw::sweeps {

struct Hyperband : HyperbandRule {
    Map filled;  // the section with its defaults, keys that it does not know left out
};

struct StopReport {
    Hyperband hyperband;
    Map metric;  // filled
    std::vector<double>
        thresholds;  // of the negated metric when it is maximised; infinite where no run got so far
    std::vector<std::string> stop;  // names, in the order of the runs
    std::optional<WandbError> error;
};

/// For each band the worst value with which a job goes on; infinite where none got so far.
/// `histories`: the finite values of every job, negated when the metric is maximised.
std::vector<double> thresholds_of(
    const HyperbandRule& rule, std::span<const std::vector<double>> histories
);

/// The band at which a running job with this history falls behind, or nothing.
std::optional<double> failed_band(
    const HyperbandRule& rule,
    std::span<const double> thresholds,
    const std::vector<double>& history
);

/// What `sweeps.stop_runs(document, runs, validate=False)` answers.
StopReport stop_check(const Value& document, const std::vector<RunRecord>& runs);

}  // namespace bw::sweeps
