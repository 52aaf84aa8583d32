// The tree-structured Parzen estimator in its multivariate form (Bergstra et al. 2011; Falkner et
// al. 2018): draws from a density of the good points, keeps the draw that is likeliest to be good.
#pragma once

#include "sweeps/search/observed.h"
#include "sweeps/search/suggest.h"

namespace bw::search {

/// Pending points count as bad ones (the constant liar), so that jobs under way are not crowded.
Coords tpe_point(const Space& space, const Observed& observed, const Request& request);

}  // namespace bw::search
