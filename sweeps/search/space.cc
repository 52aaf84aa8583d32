#include "sweeps/search/space.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "sweeps/distributions.h"
#include "sweeps/grid.h"
#include "sweeps/quantile.h"
#include "sweeps/space.h"

namespace bw::search {
namespace {

using sweeps::Distribution;
using sweeps::Parameter;
using sweeps::Value;

// Beyond this an integer or quantised axis is searched as a continuous one and rounded at the end.
constexpr double kLevelsMax = 256;

// Keeps the quantiles of distributions without bounds finite: 4.75 standard deviations.
constexpr double kTail = 1e-6;

std::optional<double> number_of(const Value& value) {
    if (const auto* integer = std::get_if<std::int64_t>(&value.data))
        return static_cast<double>(*integer);
    if (const auto* real = std::get_if<double>(&value.data)) {
        if (std::isfinite(*real)) return *real;
    }
    return std::nullopt;
}

bool is_unbounded(Distribution distribution) {
    return distribution == Distribution::normal || distribution == Distribution::log_normal ||
           distribution == Distribution::q_normal || distribution == Distribution::q_log_normal;
}

double inside_tails(const Parameter& parameter, double u) {
    return is_unbounded(parameter.distribution) ? std::clamp(u, kTail, 1 - kTail)
                                                : std::clamp(u, 0.0, 1.0);
}

void place_evenly(Axis& axis) {
    const auto count = static_cast<double>(axis.values.size());
    for (std::size_t i = 0; i < axis.values.size(); ++i) {
        const auto index = static_cast<double>(i);
        axis.levels.push_back(axis.kind == AxisKind::ordered ? (index + 0.5) / count : index);
    }
}

// The values of a list once each, with the share that each of them has among the draws.
void take_list(Axis& axis) {
    const Parameter& p = axis.parameter;
    axis.values = sweeps::distinct_values(p.values);
    axis.kind = AxisKind::ordered;
    for (const Value& value : axis.values) {
        if (!number_of(value)) axis.kind = AxisKind::unordered;
    }
    if (axis.kind == AxisKind::ordered) {
        std::stable_sort(
            axis.values.begin(),
            axis.values.end(),
            [](const Value& a, const Value& b) { return *number_of(a) < *number_of(b); }
        );
    }
    std::map<std::string, double> shares;
    for (std::size_t i = 0; i < p.values.size(); ++i) {
        const bool is_weighted = p.distribution == Distribution::categorical_w_probabilities;
        shares[sweeps::grid_key(p.values[i])] += is_weighted ? p.probabilities[i] : 1.0;
    }
    for (const Value& value : axis.values) axis.shares.push_back(shares[sweeps::grid_key(value)]);
    place_evenly(axis);
}

void take_integers(Axis& axis) {
    const Parameter& p = axis.parameter;
    axis.kind = AxisKind::ordered;
    for (auto x = static_cast<std::int64_t>(p.min); x <= static_cast<std::int64_t>(p.max); ++x)
        axis.values.emplace_back(Value{x});
    axis.shares.assign(axis.values.size(), 1.0);
    place_evenly(axis);
}

// The multiples of q that draws can give, each as wide as the draws that are rounded to it.
void take_multiples(Axis& axis, double low, double high) {
    const Parameter& p = axis.parameter;
    axis.kind = AxisKind::ordered;
    const double first = std::nearbyint(low / p.q);
    const double last = std::nearbyint(high / p.q);
    double below = 0;
    for (double k = first; k <= last; ++k) {
        const double x = k * p.q;
        const double above = k == last ? 1 : sweeps::cdf_at(p, (k + 0.5) * p.q);
        Value value;
        value.data = x;
        if (p.q_is_integer) value.data = static_cast<std::int64_t>(x);
        axis.values.push_back(std::move(value));
        axis.shares.push_back(std::max(above - below, 0.0));
        axis.levels.push_back((below + above) / 2);
        below = std::max(above, below);
    }
}

void take_levels(Axis& axis) {
    const Parameter& p = axis.parameter;
    if (p.distribution == Distribution::categorical ||
        p.distribution == Distribution::categorical_w_probabilities) {
        take_list(axis);
    } else if (p.distribution == Distribution::int_uniform) {
        if (p.max - p.min < kLevelsMax) take_integers(axis);
    } else if (sweeps::is_quantised(sweeps::info_of(p.distribution).shape)) {
        const auto low = number_of(sweeps::quantile_at(p, inside_tails(p, 0)));
        const auto high = number_of(sweeps::quantile_at(p, inside_tails(p, 1)));
        if (low && high && (*high - *low) / p.q < kLevelsMax) take_multiples(axis, *low, *high);
    }
    const double sum = std::accumulate(axis.shares.begin(), axis.shares.end(), 0.0);
    for (double& share : axis.shares) {
        share = sum > 0 ? share / sum : 1 / static_cast<double>(axis.shares.size());
    }
    for (std::size_t i = 0; i < axis.values.size(); ++i)
        axis.level_of[sweeps::grid_key(axis.values[i])] = i;
}

std::size_t level_at(const Axis& axis, double u) {
    double sum = 0;
    std::size_t last = 0;
    for (std::size_t i = 0; i < axis.shares.size(); ++i) {
        sum += axis.shares[i];
        if (axis.shares[i] <= 0) continue;
        last = i;
        if (u < sum) break;
    }
    return last;
}

const Value* find_nested(const Assignment& params, std::span<const std::string> levels) {
    const Value* found = nullptr;
    const Assignment* map = &params;
    for (const std::string& level : levels) {
        found = map == nullptr ? nullptr : sweeps::find_value(*map, level);
        if (found == nullptr) return nullptr;
        map = std::get_if<sweeps::Map>(&found->data);
    }
    return found;
}

std::optional<double> coordinate_of(const Axis& axis, const Value& value) {
    const auto number = number_of(value);
    if (!axis.is_discrete()) {
        if (!number) return std::nullopt;
        const double u = sweeps::cdf_at(axis.parameter, *number);
        return std::isfinite(u) ? std::optional(std::clamp(u, 0.0, 1.0)) : std::nullopt;
    }
    const auto known = axis.level_of.find(sweeps::grid_key(value));
    if (known != axis.level_of.end()) return axis.levels[known->second];
    // A multiple of q that was written with another rounding, or lies beyond the bounds.
    if (!number || axis.kind == AxisKind::unordered) return std::nullopt;
    std::size_t nearest = 0;
    for (std::size_t i = 1; i < axis.values.size(); ++i) {
        const double best = std::fabs(*number_of(axis.values[nearest]) - *number);
        if (std::fabs(*number_of(axis.values[i]) - *number) < best) nearest = i;
    }
    return axis.levels[nearest];
}

}  // namespace

std::size_t Axis::nearest_level(double coordinate) const {
    const auto above = std::lower_bound(levels.begin(), levels.end(), coordinate);
    if (above == levels.end()) return levels.size() - 1;
    const auto index = static_cast<std::size_t>(above - levels.begin());
    if (index == 0) return 0;
    return coordinate - levels[index - 1] < levels[index] - coordinate ? index - 1 : index;
}

Space::Space(std::span<const Parameter> parameters)
    : parameters_(parameters.begin(), parameters.end()) {
    for (const Parameter& parameter : parameters_) {
        if (parameter.distribution == Distribution::constant) continue;
        Axis axis;
        axis.parameter = parameter;
        take_levels(axis);
        axes_.push_back(std::move(axis));
    }
}

std::optional<double> Space::point_count() const {
    constexpr double kExact = 9007199254740992.0;
    double count = 1;
    for (const Axis& axis : axes_) {
        if (!axis.is_discrete()) return std::nullopt;
        count *= static_cast<double>(axis.levels.size());
    }
    return count <= kExact ? std::optional(count) : std::nullopt;
}

Coords Space::at(std::span<const double> u) const {
    Coords coords(axes_.size());
    for (std::size_t i = 0; i < axes_.size(); ++i) {
        const Axis& axis = axes_[i];
        coords[i] = axis.is_discrete() ? axis.levels[level_at(axis, u[i])]
                                       : inside_tails(axis.parameter, u[i]);
    }
    return coords;
}

std::optional<Coords> Space::encode(const Assignment& params) const {
    Coords coords;
    coords.reserve(axes_.size());
    for (const Axis& axis : axes_) {
        const Value* value = find_nested(params, axis.parameter.levels);
        if (value == nullptr) return std::nullopt;
        const auto coordinate = coordinate_of(axis, *value);
        if (!coordinate) return std::nullopt;
        coords.push_back(*coordinate);
    }
    return coords;
}

Assignment Space::decode(const Coords& coords) const {
    Assignment params;
    std::size_t i = 0;
    for (const Parameter& parameter : parameters_) {
        if (parameter.distribution == Distribution::constant) {
            sweeps::put_nested(params, parameter.levels, parameter.values.front());
            continue;
        }
        const Axis& axis = axes_[i];
        const double coordinate = coords[i++];
        sweeps::put_nested(
            params,
            parameter.levels,
            axis.is_discrete() ? axis.values[axis.nearest_level(coordinate)]
                               : sweeps::quantile_at(parameter, inside_tails(parameter, coordinate))
        );
    }
    return params;
}

}  // namespace bw::search
