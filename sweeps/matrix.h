// A grid with `include` and `exclude`, by the rule of GitHub's matrix: what an entry of `exclude`
// matches is left out; then an entry of `include` is added to every point that it contradicts in no
// value of an axis, and becomes a point of its own where it contradicts all of them. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "sweeps/problems.h"
#include "sweeps/sweep_reader.h"

namespace bw::sweeps {

/// Points that entries of `exclude` may leave out together: they are kept in memory.
inline constexpr std::uint64_t kExcludedMax = 1'000'000;

struct Matrix {
    std::uint64_t kept = 0;               // points of the grid that are left
    std::vector<std::uint64_t> excluded;  // ascending indices of the grid
    std::vector<Map> merged;              // entries of include that are added to points
    std::vector<Map> own;                 // entries that are points of their own, after the grid's
};

/// Checks the keys and values of include and exclude, and sets sweep.matrix where there are any.
void read_matrix(ReadSweep& read, Problems& problems);

/// The grid's index of the `position`-th point that is left. position < matrix.kept.
std::uint64_t grid_index(const Matrix& matrix, std::uint64_t position);

/// Adds what `include` adds to a point of the grid.
void merge_included(const Sweep& sweep, Map& params);

}  // namespace bw::sweeps
