// By what the points of a sweep are compared: its metric, or test_accuracy. Pure.
#pragma once

#include <optional>
#include <string>

#include "sweeps/sweep.h"

namespace bw::results {

struct Objective {
    std::string metric = "test_accuracy";
    bool maximize = true;
};

/// The sweep's metric when the trainer measures it, else the default.
Objective objective_of(const std::optional<sweeps::Metric>& metric);

/// Whether `a` is a better value than `b`; a missing or NaN value is worse than any other. A strict
/// weak order.
bool is_better(const Objective& objective, std::optional<double> a, std::optional<double> b);

}  // namespace bw::results
