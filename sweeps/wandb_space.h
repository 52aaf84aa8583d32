// The search space as W&B's package reads it without validation ("lenient"): which distribution a
// parameter becomes, its defaults, and the error where the package would raise one.
// `--compat=wandb` and the strict check use it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sweeps/sweep.h"

namespace bw::sweeps {

/// A parameter's definition with the defaults filled in.
struct FilledParameter {
    Distribution distribution = Distribution::constant;
    Map config;
};

/// What the package would raise: {"ValueError", "a: min 3 is not less than max 1"}.
struct WandbError {
    std::string type;
    std::string message;
};

struct FillResult {
    std::optional<FilledParameter> filled;  // absent with an error, or for a nested one
    std::optional<WandbError> error;
    bool nested = false;
};

/// The first schema that fits decides. `name` is for the message.
FillResult fill_parameter(const std::string& name, const Value& config);

/// `name: min 3 is not less than max 1`, or nothing; also when the bounds are no numbers.
std::optional<std::string> min_max_message(const std::string& name, const Map& config);

Parameter to_parameter(const FilledParameter& filled, std::vector<std::string> levels);

struct WandbSpace {
    std::vector<Parameter>
        parameters;  // by name at each level, depth first; values as written, duplicates kept
    std::vector<FilledParameter> filled;
    std::optional<WandbError> error;  // then the lists stop short
};

WandbSpace wandb_space(const Map& parameters);

/// What `sweeps.next_runs(config, runs, validate=False)` raises for this document, or nothing.
std::optional<WandbError> wandb_run_error(const Value& document);

}  // namespace bw::sweeps
