// W&B's hyperband stopping (SYNTAX, section 6): at each band a running run must be among the best
// 1/eta of all runs that got so far. Nothing is remembered between calls. Pure.
#pragma once

#include <string>
#include <vector>

#include "sweeps/run_record.h"
#include "sweeps/wandb_space.h"

namespace bw::sweeps {

struct Hyperband {
    Map filled;  // the section with its defaults, keys that it does not know left out
    std::vector<double> bands;  // whole numbers, ascending; iterations count from 1
    double eta = 3;
    bool strict = true;
};

struct StopReport {
    Hyperband hyperband;
    Map metric;  // filled
    std::vector<double>
        thresholds;  // of the negated metric when it is maximised; infinite where no run got so far
    std::vector<std::string> stop;  // names, in the order of the runs
    std::optional<WandbError> error;
};

/// What `sweeps.stop_runs(document, runs, validate=False)` answers.
StopReport stop_check(const Value& document, const std::vector<RunRecord>& runs);

}  // namespace bw::sweeps
