// Evidence as coordinates: what the model-based searchers work on.
#pragma once

#include <span>
#include <vector>

#include "base/rng.h"
#include "sweeps/search/history.h"
#include "sweeps/search/space.h"

namespace bw::search {

struct Observed {
    std::vector<Coords> at;
    std::vector<double> losses;  // finite, as many as `at`
    std::vector<Coords> pending;
};

Observed observed_in(const Space& space, const Evidence& evidence);

/// Whether the two are the same point: equal levels, and continuous axes nearer than 1e-6 each.
bool is_same_point(const Space& space, const Coords& a, const Coords& b);

/// Whether the point is finished or pending.
bool is_taken(const Space& space, const Observed& observed, const Coords& point);

/// An independent draw from the axes' distributions.
Coords random_point(const Space& space, Rng& rng);

/// A random point that is not taken; after 1000 failed draws any point, for a small space may be
/// used up.
Coords free_point(const Space& space, const Observed& observed, Rng& rng);

}  // namespace bw::search
