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

/// How the sweep's points are found; never Sampler::by_method.
/// random: each by its ordinal alone.
Sampler sampler_of(const Sweep& sweep);

/// Whether the points depend on more than the file and their ordinals, so that point_at() knows the
/// explicit ones only (batchwright.points): a searcher, or a program of the user's, gives them.
bool is_searched(const Sweep& sweep);

/// How many points there are at most: the grid's size, cut by run_cap and batchwright.budget.jobs;
/// nothing when another search has no such limit.
std::optional<std::uint64_t> point_count(const Sweep& sweep);

/// The point, or nothing past the end, or where is_searched. Random points are drawn from
/// (options.seed, ordinal, parameter name).
std::optional<Point> point_at(const Sweep& sweep, std::uint64_t ordinal);

/// The point with what the file does not leave to the search: replica, per_model, defaults.
/// `params`: of the search space, as the file names them.
Point make_point(const Sweep& sweep, std::uint64_t ordinal, Map params);

/// The one of several replicas (batchwright.replicas) that all points of one ordinal /
/// replicas.count are: how many different assignments come before it.
std::uint64_t assignment_of(const Sweep& sweep, std::uint64_t ordinal);

/// What batchwright.per_model says of the point's model: its world size, or nothing.
std::optional<std::int64_t> world_size_for(const Sweep& sweep, std::string_view model);

/// The parameters that a random search draws for an ordinal, as the file names them.
Map random_params(const Sweep& sweep, std::uint64_t ordinal);

}  // namespace bw::sweeps
