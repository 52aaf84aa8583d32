#include "coordinator/results/objective.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace bw::results {

Objective objective_of(const std::optional<sweeps::Metric>& metric) {
    constexpr std::array<std::string_view, 4> kMeasured = {
        "train_loss", "test_loss", "test_accuracy", "samples_per_second"};
    if (!metric || std::ranges::find(kMeasured, metric->name) == kMeasured.end()) return {};
    return {.metric = metric->name, .maximize = metric->maximize};
}

bool is_better(const Objective& objective, std::optional<double> a, std::optional<double> b) {
    if (a && std::isnan(*a)) a.reset();
    if (b && std::isnan(*b)) b.reset();
    if (!a || !b) return a.has_value() && !b.has_value();
    return objective.maximize ? *a > *b : *a < *b;
}

}  // namespace bw::results
