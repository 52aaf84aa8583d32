#include "sweeps/search/observed.h"

#include <algorithm>
#include <cmath>

namespace bw::search {

Observed observed_in(const Space& space, const Evidence& evidence) {
    Observed observed;
    for (const Observation& observation : evidence.finished) {
        auto coords = space.encode(observation.params);
        if (!coords || !std::isfinite(observation.loss)) continue;
        observed.at.push_back(std::move(*coords));
        observed.losses.push_back(observation.loss);
    }
    for (const Assignment& params : evidence.pending) {
        if (auto coords = space.encode(params)) observed.pending.push_back(std::move(*coords));
    }
    return observed;
}

bool is_same_point(const Space& space, const Coords& a, const Coords& b) {
    constexpr double kApart = 1e-6;
    for (std::size_t i = 0; i < space.size(); ++i) {
        const bool is_equal =
            space.axes()[i].is_discrete() ? a[i] == b[i] : std::fabs(a[i] - b[i]) < kApart;
        if (!is_equal) return false;
    }
    return true;
}

bool is_taken(const Space& space, const Observed& observed, const Coords& point) {
    const auto is_it = [&](const Coords& other) { return is_same_point(space, point, other); };
    return std::any_of(observed.pending.begin(), observed.pending.end(), is_it) ||
           std::any_of(observed.at.begin(), observed.at.end(), is_it);
}

Coords random_point(const Space& space, Rng& rng) {
    std::vector<double> u(space.size());
    for (double& x : u) x = rng.uniform();
    return space.at(u);
}

Coords free_point(const Space& space, const Observed& observed, Rng& rng) {
    constexpr int kDraws = 1000;
    Coords point = random_point(space, rng);
    for (int i = 0; i < kDraws && is_taken(space, observed, point); ++i)
        point = random_point(space, rng);
    return point;
}

}  // namespace bw::search
