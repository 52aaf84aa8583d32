#include "sweeps/distributions.h"

#include <algorithm>
#include <array>

#include "base/assert.h"

namespace bw::sweeps {
namespace {

using D = Distribution;

constexpr std::array<DistributionInfo, 18> kTable = {{
    {D::q_beta, "q_beta", Shape::beta_q},
    {D::beta, "beta", Shape::beta},
    {D::categorical, "categorical", Shape::categorical},
    {D::categorical_w_probabilities, "categorical_w_probabilities", Shape::weighted},
    {.distribution = D::int_uniform,
     .name = "int_uniform",
     .shape = Shape::bounded,
     .bounds_integer = true},
    {D::uniform, "uniform", Shape::bounded},
    {D::log_normal, "log_normal", Shape::normal},
    {.distribution = D::log_uniform,
     .name = "log_uniform",
     .shape = Shape::bounded,
     .replaced_by = "log_uniform_values"},
    {.distribution = D::inv_log_uniform,
     .name = "inv_log_uniform",
     .shape = Shape::bounded,
     .replaced_by = "inv_log_uniform_values"},
    {D::normal, "normal", Shape::normal},
    {D::q_log_normal, "q_log_normal", Shape::normal_q},
    {.distribution = D::q_log_uniform,
     .name = "q_log_uniform",
     .shape = Shape::bounded_q,
     .replaced_by = "q_log_uniform_values"},
    {D::q_normal, "q_normal", Shape::normal_q},
    {D::q_uniform, "q_uniform", Shape::bounded_q},
    {D::constant, "constant", Shape::constant},
    {.distribution = D::inv_log_uniform_values,
     .name = "inv_log_uniform_values",
     .shape = Shape::bounded,
     .min_positive = true},
    {.distribution = D::log_uniform_values,
     .name = "log_uniform_values",
     .shape = Shape::bounded,
     .min_positive = true},
    {.distribution = D::q_log_uniform_values,
     .name = "q_log_uniform_values",
     .shape = Shape::bounded_q,
     .min_positive = true},
}};

}  // namespace

std::span<const DistributionInfo> distributions() { return kTable; }

const DistributionInfo& info_of(Distribution distribution) {
    const auto* found =
        std::find_if(kTable.begin(), kTable.end(), [&](const DistributionInfo& info) {
            return info.distribution == distribution;
        });
    BW_ASSERT(found != kTable.end(), "every distribution stands in the table");
    return *found;
}

const DistributionInfo* find_distribution(std::string_view name) {
    for (const DistributionInfo& info : kTable) {
        if (info.name == name) return &info;
    }
    return nullptr;
}

std::span<const std::string_view> distribution_names() {
    static constexpr auto kNames = [] {
        std::array<std::string_view, kTable.size()> names;
        for (std::size_t i = 0; i < names.size(); ++i) names[i] = kTable[i].name;
        return names;
    }();
    return kNames;
}

std::span<const std::string_view> keys_of(Shape shape) {
    static constexpr std::array<std::string_view, 1> kConstant = {"value"};
    static constexpr std::array<std::string_view, 1> kCategorical = {"values"};
    static constexpr std::array<std::string_view, 2> kWeighted = {"values", "probabilities"};
    static constexpr std::array<std::string_view, 3> kBounded = {"min", "max", "q"};
    static constexpr std::array<std::string_view, 3> kNormal = {"mu", "sigma", "q"};
    static constexpr std::array<std::string_view, 3> kBeta = {"a", "b", "q"};
    switch (shape) {
        case Shape::constant:
            return kConstant;
        case Shape::categorical:
            return kCategorical;
        case Shape::weighted:
            return kWeighted;
        case Shape::bounded:
            return std::span(kBounded).first(2);
        case Shape::bounded_q:
            return kBounded;
        case Shape::normal:
            return std::span(kNormal).first(2);
        case Shape::normal_q:
            return kNormal;
        case Shape::beta:
            return std::span(kBeta).first(2);
        case Shape::beta_q:
            return kBeta;
    }
    return {};
}

bool is_quantised(Shape shape) {
    return shape == Shape::bounded_q || shape == Shape::normal_q || shape == Shape::beta_q;
}

bool is_enumerable(Distribution distribution) {
    return distribution == D::constant || distribution == D::categorical ||
           distribution == D::int_uniform || distribution == D::q_uniform;
}

}  // namespace bw::sweeps
