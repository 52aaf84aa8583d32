// Expansion: a sweep's points one by one, as a pure function of (sweep, ordinal). Nothing is held
// in memory, so a grid of a million points costs as much as one of ten.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sweeps/sweep.h"

namespace bw::sweeps {

/// One assignment of parameters. Its identity is the ordinal; the hash names the parameters (random
/// search may suggest the same parameters twice).
struct Point {
    std::uint64_t ordinal = 0;
    Map params;  // complete for the built-in trainer: aliases resolved, defaults filled, types
                 // settled
    std::string hash;  // first 12 hexadecimal digits of the SHA-256 of the parameters, by name
};

/// How many points there are: the grid's size cut by run_cap; nothing when random search has no
/// run_cap.
std::optional<std::uint64_t> point_count(const Sweep& sweep);

/// The point, or nothing past the end. Random points are drawn from (options.seed, ordinal,
/// parameter name).
std::optional<Point> point_at(const Sweep& sweep, std::uint64_t ordinal);

/// The parameters that a random search draws for an ordinal, as the file names them.
Map random_params(const Sweep& sweep, std::uint64_t ordinal);

}  // namespace bw::sweeps
