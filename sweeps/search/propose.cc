#include "sweeps/search/propose.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "sweeps/search/expected_improvement.h"
#include "sweeps/search/minimise.h"
#include "sweeps/search/sobol.h"

namespace bw::search {
namespace {

using Eigen::Index;
using Eigen::VectorXd;

constexpr std::size_t kSpread = 512;  // candidates over the whole space
constexpr std::size_t kNear = 128;    // candidates around the best results
constexpr std::size_t kCentres = 4;   // how many best results those are
constexpr std::size_t kClimbs = 8;    // local searches
constexpr int kRounds = 6;            // of continuous and discrete steps in a local search
constexpr int kGradientSteps = 30;
constexpr std::size_t kAllLevelsMax = 24;  // axes with more levels are searched in strides

struct Scored {
    Coords point;
    double score = 0;  // log expected improvement
};

bool is_better(const Scored& a, const Scored& b) { return a.score > b.score; }

class Climber {
public:
    explicit Climber(const ProposeInput& input) : in_(input) {
        for (std::size_t i = 0; i < in_.space.size(); ++i) {
            auto& kind = in_.space.axes()[i].is_discrete() ? discrete_ : continuous_;
            kind.push_back(i);
        }
    }

    [[nodiscard]] std::vector<Scored> scored(std::vector<Coords> points) const {
        const auto predictions = in_.process.predict_all(points_of(points, in_.space.size()));
        std::vector<Scored> out;
        out.reserve(points.size());
        for (std::size_t i = 0; i < points.size(); ++i) {
            const double score = log_expected_improvement(predictions[i], in_.best).log_value;
            out.push_back({std::move(points[i]), score});
        }
        return out;
    }

    [[nodiscard]] Scored climbed(Scored at) const {
        for (int round = 0; round < kRounds; ++round) {
            const double before = at.score;
            if (!continuous_.empty()) climb_continuous(at);
            for (const std::size_t axis : discrete_) climb_levels(at, axis);
            if (discrete_.empty() || at.score - before < 1e-6) break;
        }
        return at;
    }

private:
    void climb_continuous(Scored& at) const {
        const auto count = static_cast<Index>(continuous_.size());
        VectorXd point =
            Eigen::Map<const VectorXd>(at.point.data(), static_cast<Index>(at.point.size()));
        VectorXd start(count);
        for (Index i = 0; i < count; ++i) start[i] = point[axis_at(i)];
        const Smooth function = [&](const VectorXd& x, VectorXd& gradient) {
            for (Index i = 0; i < count; ++i) point[axis_at(i)] = x[i];
            const PredictionWithGradient p = in_.process.predict_with_gradient(point);
            const Improvement gain = log_expected_improvement(p.at, in_.best);
            for (Index i = 0; i < count; ++i) {
                const Index k = axis_at(i);
                gradient[i] =
                    -gain.by_mean * p.mean_gradient[k] - gain.by_variance * p.variance_gradient[k];
            }
            return -gain.log_value;
        };
        const Box box{VectorXd::Zero(count), VectorXd::Ones(count)};
        const Minimum found = minimise(function, start, box, kGradientSteps);
        if (!(-found.value > at.score)) return;
        at.score = -found.value;
        for (Index i = 0; i < count; ++i)
            at.point[static_cast<std::size_t>(axis_at(i))] = found.x[i];
    }

    [[nodiscard]] Index axis_at(Index i) const {
        return static_cast<Index>(continuous_[static_cast<std::size_t>(i)]);
    }

    // All other levels, or those at growing strides to both sides.
    [[nodiscard]] std::vector<double> other_levels(const Axis& axis, double x) const {
        const std::size_t own = axis.nearest_level(x);
        const std::size_t count = axis.levels.size();
        std::vector<double> others;
        if (count <= kAllLevelsMax || axis.kind == AxisKind::unordered) {
            for (std::size_t i = 0; i < count; ++i) {
                if (i != own && axis.shares[i] > 0) others.push_back(axis.levels[i]);
            }
            return others;
        }
        for (std::size_t stride = 1; stride < count; stride *= 2) {
            if (stride <= own) others.push_back(axis.levels[own - stride]);
            if (own + stride < count) others.push_back(axis.levels[own + stride]);
        }
        return others;
    }

    void climb_levels(Scored& at, std::size_t axis) const {
        std::vector<Coords> points;
        for (const double level : other_levels(in_.space.axes()[axis], at.point[axis])) {
            Coords point = at.point;
            point[axis] = level;
            if (!is_taken(in_.space, in_.observed, point)) points.push_back(std::move(point));
        }
        if (points.empty()) return;
        std::vector<Scored> options = scored(std::move(points));
        auto best = std::min_element(options.begin(), options.end(), is_better);
        if (best->score > at.score) at = std::move(*best);
    }

    const ProposeInput& in_;
    std::vector<std::size_t> continuous_, discrete_;
};

// A neighbour: some axes moved, by a distance that is itself drawn over three decades.
Coords moved(const Space& space, const Coords& from, Rng& rng) {
    Coords point = from;
    const double reach = std::pow(10, -0.5 - 2 * rng.uniform());
    const double share = std::max(0.3, 1.5 / static_cast<double>(space.size()));
    for (std::size_t i = 0; i < point.size(); ++i) {
        if (rng.uniform() > share) continue;
        const Axis& axis = space.axes()[i];
        if (axis.kind == AxisKind::continuous) {
            point[i] = std::clamp(point[i] + reach * rng.normal(), 0.0, 1.0);
        } else {
            point[i] = axis.levels[rng.below(axis.levels.size())];
        }
    }
    return point;
}

std::vector<Coords> best_results(const Observed& observed, std::size_t count) {
    std::vector<std::size_t> order(observed.at.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return observed.losses[a] < observed.losses[b];
    });
    std::vector<Coords> best;
    for (std::size_t i = 0; i < std::min(count, order.size()); ++i)
        best.push_back(observed.at[order[i]]);
    return best;
}

std::vector<Coords> candidates(const ProposeInput& in, std::uint64_t key) {
    std::vector<Coords> points;
    for (const auto& u : sobol_points(in.space.size(), key, 0, kSpread))
        points.push_back(in.space.at(u));
    Rng rng(key_of(key, 1u));
    const std::vector<Coords> centres = best_results(in.observed, kCentres);
    for (std::size_t i = 0; i < kNear; ++i)
        points.push_back(moved(in.space, centres[i % centres.size()], rng));
    std::erase_if(points, [&](const Coords& p) { return is_taken(in.space, in.observed, p); });
    return points;
}

}  // namespace

Proposal propose(const ProposeInput& input, std::uint64_t key) {
    const Climber climber(input);
    std::vector<Coords> points = candidates(input, key);
    Rng rng(key_of(key, 2u));
    const auto anywhere = [&] { return Proposal{free_point(input.space, input.observed, rng), 0}; };
    if (points.empty()) return anywhere();
    std::vector<Scored> ranked = climber.scored(std::move(points));
    std::stable_sort(ranked.begin(), ranked.end(), is_better);
    std::vector<Scored> climbed;
    for (std::size_t i = 0; i < std::min(kClimbs, ranked.size()); ++i)
        climbed.push_back(climber.climbed(ranked[i]));
    std::stable_sort(climbed.begin(), climbed.end(), is_better);
    climbed.insert(climbed.end(), ranked.begin(), ranked.end());
    for (Scored& option : climbed) {
        if (!is_taken(input.space, input.observed, option.point))
            return {std::move(option.point), option.score};
    }
    return anywhere();
}

}  // namespace bw::search
