// A grid as a mixed-radix number: the ordinal's digits choose the values, the last axis changes
// fastest. Integer and quantised axes are computed, never held.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sweeps/sweep.h"

namespace bw::sweeps {

/// Values on an axis; 1 for a constant, 0 for what grid search cannot enumerate.
std::uint64_t axis_size(const Parameter& parameter);

Value axis_value(const Parameter& parameter, std::uint64_t index);

/// The product of the axes; 2^64 - 1 when it is larger.
std::uint64_t grid_size(std::span<const Parameter> parameters);

/// The parameters of a point of the grid, nested as in the file. ordinal < grid_size.
Map grid_params(std::span<const Parameter> parameters, std::uint64_t ordinal);

/// Puts a value under a path of keys; levels that are missing are made.
void put_nested(Map& map, std::span<const std::string> levels, Value value);

}  // namespace bw::sweeps
