#include "sweeps/search/gp.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "sweeps/search/gaussian_process.h"
#include "sweeps/search/propose.h"

namespace bw::search {
namespace {

using Eigen::Index;
using Eigen::VectorXd;

constexpr std::size_t kFitMax = 150;    // results that the hyperparameters are fitted to
constexpr std::size_t kModelMax = 400;  // results that the process is conditioned on

const double kLogLittleGain = std::log(1e-2);  // in standard deviations of the results
constexpr double kDoubt = 10;                  // on inverse squared length scales

// The best half of `count` and an even sample of the rest, in the order of the results.
Observed thinned(const Observed& observed, std::size_t count, std::uint64_t key) {
    if (observed.at.size() <= count) return observed;
    std::vector<std::size_t> order(observed.at.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return observed.losses[a] < observed.losses[b];
    });
    Rng rng(key);
    for (std::size_t i = count / 2; i < count; ++i)
        std::swap(order[i], order[i + rng.below(order.size() - i)]);
    std::sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count));
    Observed kept;
    kept.pending = observed.pending;
    for (std::size_t i = 0; i < count; ++i) {
        kept.at.push_back(observed.at[order[i]]);
        kept.losses.push_back(observed.losses[order[i]]);
    }
    return kept;
}

// Losses above the median are bent to a logarithm: how bad a bad point is says little about where
// the good ones are, and a few enormous losses would hide all differences among the others.
void compress_above_median(VectorXd& values) {
    std::vector<double> sorted(values.data(), values.data() + values.size());
    std::sort(sorted.begin(), sorted.end());
    const double median = sorted[sorted.size() / 2];
    const double scale = median - sorted.front();
    if (!(scale > 0)) return;
    for (double& value : values) {
        if (value > median) value = median + scale * std::log1p((value - median) / scale);
    }
}

VectorXd standardised(const std::vector<double>& losses) {
    const auto n = static_cast<Index>(losses.size());
    VectorXd values = Eigen::Map<const VectorXd>(losses.data(), n);
    // Divided first, so that values near the largest double do not overflow when squared.
    values /= std::max(1.0, values.cwiseAbs().maxCoeff());
    compress_above_median(values);
    values.array() -= values.mean();
    const double deviation = std::sqrt(values.squaredNorm() / static_cast<double>(n));
    if (deviation > 0) values /= deviation;
    return values;
}

Proposal proposed(
    const Space& space,
    const Observed& model,
    const Observed& all,
    const Hyperparameters& hyperparameters,
    std::uint64_t key
) {
    GaussianProcess process(
        space, points_of(model.at, space.size()), standardised(model.losses), hyperparameters
    );
    process.believe(model.pending);
    // The lowest mean, not the lowest result: noise makes the latter better than any point is.
    // Believed points count, or every suggestion would crowd around the best of them.
    const ProposeInput input{
        .space = space, .observed = all, .process = process, .best = process.lowest_mean()};
    return propose(input, key);
}

}  // namespace

Coords gp_point(const Space& space, const Observed& observed, const Request& request) {
    const std::uint64_t key = key_of(request.seed, request.ordinal, 0x6770u);
    const Observed model = thinned(observed, kModelMax, key_of(key, 1u));
    const Observed fit = thinned(model, kFitMax, key_of(key, 2u));
    Hyperparameters hyperparameters =
        fit_hyperparameters(space, points_of(fit.at, space.size()), standardised(fit.losses));
    Proposal proposal = proposed(space, model, observed, hyperparameters, key_of(key, 3u));
    // Where hardly anything is left to gain, the model may be too sure of a local optimum: every
    // other point is then chosen with shorter length scales, which leaves gaps uncertain.
    const bool is_exploring = request.ordinal % 2 == 1 && proposal.log_gain < kLogLittleGain;
    if (!is_exploring) return proposal.point;
    hyperparameters.weights *= kDoubt;
    return proposed(space, model, observed, hyperparameters, key_of(key, 4u)).point;
}

}  // namespace bw::search
