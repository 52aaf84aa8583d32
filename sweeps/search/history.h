// From runs with their metric histories to what a searcher sees: one number per run, lower is
// better (SYNTAX, sections 4 and 5). Pure.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "sweeps/run_record.h"
#include "sweeps/search/space.h"
#include "sweeps/sweep.h"

namespace bw::search {

using sweeps::is_terminal;
using sweeps::RunState;

struct RunRecord {
    RunState state = RunState::pending;
    std::vector<double> history;    // the metric as logged; what is not finite is dropped
    std::optional<double> summary;  // the metric's last word, if it was kept apart
    Assignment params;
};

struct Observation {
    Assignment params;
    double loss = 0;  // finite; lower is better, whatever the goal
};

/// What a run that ended without a finite value counts as where its own values are to be imputed.
/// W&B says zero, which is the best value of many a metric.
enum class Valueless { zero, worst };

struct Evidence {
    std::vector<Observation> finished;
    std::vector<Assignment> pending;  // under way: their values are not known yet
};

/// In the order of the runs. With Valueless::worst, runs without a value are left out as long as no
/// run has one.
Evidence evidence_of(
    const sweeps::Metric& metric, std::span<const RunRecord> runs, Valueless valueless
);

}  // namespace bw::search
