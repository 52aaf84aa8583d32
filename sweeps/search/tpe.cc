#include "sweeps/search/tpe.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "sweeps/search/parzen.h"

namespace bw::search {
namespace {

constexpr std::size_t kGoodMax = 25;
constexpr std::size_t kFullWeight = 25;  // results newer than this many count in full
constexpr int kDraws = 24;

// One tenth of the results.
std::size_t good_count(std::size_t results) {
    return std::clamp<std::size_t>((results + 9) / 10, 1, kGoodMax);
}

// Old results count less, so that the estimate can leave where the search began.
std::vector<double> weights_by_age(std::size_t count) {
    std::vector<double> weights(count, 1.0);
    if (count <= kFullWeight) return weights;
    const std::size_t ramp = count - kFullWeight;
    const double lowest = 1 / static_cast<double>(count);
    for (std::size_t i = 0; i < ramp; ++i) {
        const double place = ramp == 1 ? 0 : static_cast<double>(i) / static_cast<double>(ramp - 1);
        weights[i] = lowest + place * (1 - lowest);
    }
    return weights;
}

Parzen estimator(const Space& space, std::vector<Coords> centres) {
    std::vector<double> weights = weights_by_age(centres.size());
    return {space, std::move(centres), std::move(weights)};
}

struct Split {
    std::vector<Coords> good, bad;  // each in the order of the results
};

Split split(const Observed& observed) {
    std::vector<std::size_t> order(observed.at.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return observed.losses[a] < observed.losses[b];
    });
    const auto good = static_cast<std::ptrdiff_t>(good_count(order.size()));
    std::sort(order.begin(), order.begin() + good);
    std::sort(order.begin() + good, order.end());
    Split result;
    for (std::size_t i = 0; i < order.size(); ++i) {
        auto& side = i < static_cast<std::size_t>(good) ? result.good : result.bad;
        side.push_back(observed.at[order[i]]);
    }
    result.bad.insert(result.bad.end(), observed.pending.begin(), observed.pending.end());
    return result;
}

}  // namespace

Coords tpe_point(const Space& space, const Observed& observed, const Request& request) {
    Rng rng(key_of(request.seed, request.ordinal, 0x747065u));
    Split sides = split(observed);
    const Parzen good = estimator(space, std::move(sides.good));
    const Parzen bad = estimator(space, std::move(sides.bad));
    std::optional<Coords> best;
    double best_score = 0;
    for (int i = 0; i < kDraws; ++i) {
        Coords point = good.draw(rng);
        if (is_taken(space, observed, point)) continue;
        const double score = good.log_density(point) - bad.log_density(point);
        if (best && score <= best_score) continue;
        best = std::move(point);
        best_score = score;
    }
    return best ? *best : free_point(space, observed, rng);
}

}  // namespace bw::search
