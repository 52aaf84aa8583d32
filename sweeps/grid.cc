#include "sweeps/grid.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/assert.h"

namespace bw::sweeps {
namespace {

constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

bool steps_are_integers(const Parameter& p) { return p.q_is_integer && p.bounds_are_integers; }

// numpy.arange(min, max, q): from min in steps of q, max excluded, not rounded to multiples of q.
std::uint64_t arange_size(const Parameter& p) {
    const double size = std::ceil((p.max - p.min) / p.q);
    if (!(size > 0)) return 0;
    return size < 1.8e19 ? static_cast<std::uint64_t>(size) : kUnlimited;
}

Value arange_value(const Parameter& p, std::uint64_t index) {
    if (steps_are_integers(p)) {
        return Value{
            static_cast<std::int64_t>(p.min) +
            static_cast<std::int64_t>(index) * static_cast<std::int64_t>(p.q)};
    }
    const double step = (p.min + p.q) - p.min;  // as numpy rounds it
    return Value{
        index == 0   ? p.min
        : index == 1 ? p.min + p.q
                     : p.min + static_cast<double>(index) * step};
}

}  // namespace

std::uint64_t axis_size(const Parameter& p) {
    switch (p.distribution) {
        case Distribution::constant:
            return 1;
        case Distribution::categorical:
            return p.values.size();
        case Distribution::int_uniform:
            return static_cast<std::uint64_t>(p.max - p.min) + 1;
        case Distribution::q_uniform:
            return arange_size(p);
        case Distribution::categorical_w_probabilities:
        case Distribution::uniform:
        case Distribution::log_uniform:
        case Distribution::log_uniform_values:
        case Distribution::q_log_uniform:
        case Distribution::q_log_uniform_values:
        case Distribution::inv_log_uniform:
        case Distribution::inv_log_uniform_values:
        case Distribution::normal:
        case Distribution::q_normal:
        case Distribution::log_normal:
        case Distribution::q_log_normal:
        case Distribution::beta:
        case Distribution::q_beta:
            break;
    }
    return 0;
}

Value axis_value(const Parameter& p, std::uint64_t index) {
    if (p.distribution == Distribution::int_uniform) {
        return Value{static_cast<std::int64_t>(p.min) + static_cast<std::int64_t>(index)};
    }
    if (p.distribution == Distribution::q_uniform) return arange_value(p, index);
    BW_ASSERT(index < p.values.size(), "an index lies on its axis");
    return p.values[index];
}

std::uint64_t grid_size(std::span<const Parameter> parameters) {
    std::uint64_t size = 1;
    for (const Parameter& parameter : parameters) {
        const std::uint64_t axis = axis_size(parameter);
        if (axis == 0) return 0;
        size = size > kUnlimited / axis ? kUnlimited : size * axis;
    }
    return size;
}

Map grid_params(std::span<const Parameter> parameters, std::uint64_t ordinal) {
    std::vector<std::uint64_t> digits(parameters.size());
    for (std::size_t i = parameters.size(); i-- > 0;) {
        const std::uint64_t axis = axis_size(parameters[i]);
        digits[i] = ordinal % axis;
        ordinal /= axis;
    }
    Map params;
    params.reserve(parameters.size());
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        put_nested(params, parameters[i].levels, axis_value(parameters[i], digits[i]));
    }
    return params;
}

void put_nested(Map& map, std::span<const std::string> levels, Value value) {
    Map* at = &map;
    for (std::size_t i = 0; i + 1 < levels.size(); ++i) {
        // Parameters come depth first, so an open level is always the last one.
        if (at->empty() || at->back().first != levels[i]) at->emplace_back(levels[i], Value{Map{}});
        at = &std::get<Map>(at->back().second.data);
    }
    at->emplace_back(levels.back(), std::move(value));
}

}  // namespace bw::sweeps
