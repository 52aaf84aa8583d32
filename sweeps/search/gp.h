// The searcher that `method: bayes` means: a Gaussian process over the results, and the point where
// it expects the most improvement.
#pragma once

#include "sweeps/search/observed.h"
#include "sweeps/search/suggest.h"

namespace bw::search {

/// Needs two results at least.
Coords gp_point(const Space& space, const Observed& observed, const Request& request);

}  // namespace bw::search
