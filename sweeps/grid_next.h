// The next points of a grid, given what ran already: the first in order that no run has, whatever
// the state of those runs. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "sweeps/run_record.h"
#include "sweeps/sweep.h"

namespace bw::sweeps {

/// The point that a run is, by the values of its axes (constants do not count, 1 and 1.0 are equal,
/// keys that no value of a map-valued axis has are ignored); nothing when it lacks an axis or lies
/// outside of the grid.
std::optional<std::uint64_t> ordinal_of(std::span<const Parameter> grid, const RunRecord& run);

/// At most n ordinals; fewer when the grid is exhausted.
std::vector<std::uint64_t> grid_next(
    std::span<const Parameter> grid, const std::vector<RunRecord>& runs, std::uint64_t n
);

}  // namespace bw::sweeps
