// `metric:` as W&B's package fills it at run time: a goal or an imputation that it does not know
// falls back to the default without a word.
#pragma once

#include <optional>
#include <string>

#include "sweeps/sweep.h"
#include "sweeps/wandb_space.h"

namespace bw::sweeps {

struct WandbMetric {
    Map filled;  // with the defaults
    std::string name;
    bool maximize = false;
    std::string impute = "worst";
    std::string impute_while_running = "false";
    std::optional<WandbError> error;
};

/// `missing` is what is raised when the document has no metric.
WandbMetric wandb_metric(const Map& document, const std::string& missing);

}  // namespace bw::sweeps
