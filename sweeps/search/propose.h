// Where a Gaussian process expects the most improvement: many candidates, then a local search from
// the best of them that climbs the continuous axes by gradient and the discrete ones level by
// level.
#pragma once

#include <cstdint>

#include "sweeps/search/gaussian_process.h"
#include "sweeps/search/observed.h"

namespace bw::search {

struct ProposeInput {
    const Space& space;
    const Observed& observed;
    const GaussianProcess& process;
    double best = 0;  // standardised value to improve on
};

struct Proposal {
    Coords point;
    double log_gain = 0;  // logarithm of the improvement that is expected there
};

/// The best point found that is not taken.
Proposal propose(const ProposeInput& input, std::uint64_t key);

}  // namespace bw::search
