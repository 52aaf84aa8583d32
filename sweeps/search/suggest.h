// The searchers' one interface, ask and tell in one call: the results so far and the points under
// way in, the next point out. The same arguments give the same point on every machine with the same
// libm; no clock, thread, file or random device. Takes up to a second at a thousand results, so it
// runs off the loop. Thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "sweeps/search/history.h"
#include "sweeps/search/space.h"

namespace bw::search {

enum class Sampler {
    random,  // independent draws
    sobol,   // scrambled Sobol sequence: as even as points can be
    tpe,     // tree-structured Parzen estimator, multivariate
    gp,      // Gaussian process with log expected improvement; what `method: bayes` means
};

std::string_view name_of(Sampler sampler);

struct Request {
    Sampler sampler = Sampler::gp;
    std::uint64_t seed = 0;
    std::uint64_t ordinal = 0;  // of the point in the sweep; equal ordinals give equal draws
};

/// The next point. Results that the space cannot hold are left out. Never a point that is pending
/// or finished while the space has others, except from random, which draws independently.
Assignment suggest(const Space& space, const Evidence& evidence, const Request& request);

/// `count` points with ordinals from request.ordinal on, each of them pending for those after it.
std::vector<Assignment> suggest_many(
    const Space& space, Evidence evidence, Request request, std::size_t count
);

}  // namespace bw::search
