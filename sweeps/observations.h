// What a model-based searcher sees of a sweep's runs, as W&B encodes it: searchable parameters
// through their distribution functions, the metric sign-normalised and imputed (SYNTAX, sections 3
// to 5). Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sweeps/run_record.h"
#include "sweeps/sweep.h"
#include "sweeps/wandb_metric.h"

namespace bw::sweeps {

/// What becomes of a run's value that Python calls false: 0, false, "", null.
enum class FalsyValues {
    encoded,  // as any other value
    skipped,  // taken for the number 0, a quirk of the package
};

struct Observations {
    std::vector<std::string> names;             // of the searchable parameters, "/" between levels
    std::vector<std::vector<double>> observed;  // one row per run that counts, in [0, 1]
    std::vector<double> minimised;              // its metric, negated when it is maximised
    std::vector<std::vector<double>> pending;   // runs whose outcome is still open
    std::string warning;
    std::optional<WandbError> error;  // a value that the space does not have
};

Observations observations(
    const std::vector<Parameter>& parameters,
    const WandbMetric& metric,
    const std::vector<RunRecord>& runs,
    FalsyValues falsy
);

}  // namespace bw::sweeps
