// The built-in trainer's parameters (the seed's names): one table gives names, aliases, types,
// ranges, defaults.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "sweeps/value.h"

namespace bw::sweeps {

enum class ParameterType { text, integer, number, boolean, integers };

struct TrainingParameter {
    std::string_view name;
    std::string_view alias = {};  // or another accepted spelling
    ParameterType type = ParameterType::text;
    Value fallback;           // null: required, or left to the trainer when it is not given
    double min = 0, max = 0;  // of numbers; both inclusive
    std::span<const std::string_view> choices = {};  // of texts
    std::string_view help;
};

/// Every parameter that the built-in trainer takes, by name.
std::span<const TrainingParameter> training_parameters();

const TrainingParameter* find_training_parameter(std::string_view name_or_alias);

/// What the built-in trainer measures at the end of an epoch: what a sweep's metric can be.
std::span<const std::string_view> measured_metrics();

/// What is wrong with a value of a parameter, or nothing: `expected an integer from 1 to 65536,
/// found "many"`.
std::optional<std::string> training_value_problem(
    const TrainingParameter& parameter, const Value& value
);

/// Aliases resolved, types settled (1 given for a number becomes 1.0), then what the recipe says,
/// then defaults; by name.
Map complete_training_params(const Map& given);

/// What is wrong with the combination (model takes no such input, unknown data set, ...), or
/// nothing.
std::optional<std::string> training_problem(const Map& complete);

}  // namespace bw::sweeps
