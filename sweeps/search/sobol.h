// Sobol's sequence (Joe and Kuo's direction numbers, 3667 dimensions), with Owen's nested
// scrambling by a hash: each key gives another sequence of the same evenness. Pure.
#pragma once

#include <cstdint>
#include <vector>

namespace bw::search {

/// `count` points from index `first` on, each of `dimensions` numbers in [0, 1). Axes beyond 3667
/// are independent random numbers. Indices wrap at 2^32 - 1.
std::vector<std::vector<double>> sobol_points(
    std::size_t dimensions, std::uint64_t key, std::uint64_t first, std::size_t count
);

}  // namespace bw::search
