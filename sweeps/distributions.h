// The distributions of the language as one table: names, keys, and what each of them allows.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "sweeps/sweep.h"

namespace bw::sweeps {

/// Which keys a distribution has, besides `distribution` itself.
enum class Shape {
    constant,
    categorical,
    weighted,
    bounded,
    bounded_q,
    normal,
    normal_q,
    beta,
    beta_q
};

struct DistributionInfo {
    Distribution distribution = Distribution::constant;
    std::string_view name;
    Shape shape = Shape::constant;
    bool bounds_integer = false;        // min and max must be integers
    bool min_positive = false;          // the logarithm of the bounds is taken
    std::string_view replaced_by = {};  // deprecated: min and max are exponents of e
};

/// In the order in which W&B tries them.
std::span<const DistributionInfo> distributions();

const DistributionInfo& info_of(Distribution distribution);

const DistributionInfo* find_distribution(std::string_view name);

std::span<const std::string_view> distribution_names();

/// "values", "min", ...; without "distribution".
std::span<const std::string_view> keys_of(Shape shape);

bool is_quantised(Shape shape);

/// Whether grid search can enumerate it.
bool is_enumerable(Distribution distribution);

}  // namespace bw::sweeps
