#include "sweeps/search/parzen.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "sweeps/special.h"

namespace bw::search {
namespace {

constexpr double kPriorCentre = 0.5;
constexpr double kPriorWidth = 1.0;

// Scott's rule: shrinks with the number of points, the slower the more axes there are.
double kernel_width(std::size_t points, std::size_t axes) {
    const double n = std::max(1.0, static_cast<double>(points));
    return 0.15 * std::pow(n, -1 / (static_cast<double>(axes) + 4));
}

double mass_between(double low, double high, double centre, double width) {
    return sweeps::normal_cdf((high - centre) / width) - sweeps::normal_cdf((low - centre) / width);
}

double log_normal_density(double x, double centre, double width) {
    constexpr double kLogRootTwoPi = 0.91893853320467274;
    const double z = (x - centre) / width;
    return -0.5 * z * z - std::log(width) - kLogRootTwoPi;
}

// The cell of a level of an ordered axis: half-way to its neighbours.
std::pair<double, double> cell_of(const Axis& axis, std::size_t level) {
    const double x = axis.levels[level];
    const double low = level == 0 ? 0 : (axis.levels[level - 1] + x) / 2;
    const double high = level + 1 == axis.levels.size() ? 1 : (x + axis.levels[level + 1]) / 2;
    return {low, high};
}

std::size_t weighted_index(std::span<const double> weights, double u) {
    double sum = 0;
    for (std::size_t i = 0; i + 1 < weights.size(); ++i) {
        sum += weights[i];
        if (u < sum) return i;
    }
    return weights.size() - 1;
}

}  // namespace

Parzen::Parzen(const Space& space, std::vector<Coords> centres, std::vector<double> weights)
    : space_(&space),
      centres_(std::move(centres)),
      weights_(std::move(weights)),
      width_(kernel_width(centres_.size(), space.size())) {
    weights_.push_back(1.0);
    const double sum = std::accumulate(weights_.begin(), weights_.end(), 0.0);
    for (double& weight : weights_) weight /= sum;
}

double Parzen::width_of(std::size_t kernel) const {
    return kernel == centres_.size() ? kPriorWidth : width_;
}

double Parzen::log_kernel(std::size_t kernel, std::size_t axis_index, double x) const {
    const Axis& axis = space_->axes()[axis_index];
    const bool is_prior = kernel == centres_.size();
    if (axis.kind == AxisKind::unordered) {
        const double share = axis.shares[static_cast<std::size_t>(x)];
        if (is_prior) return std::log(std::max(share, 1e-300));
        // Every level keeps one prior observation, spread over all kernels.
        const double spread = 1 / static_cast<double>(weights_.size());
        const double hit = centres_[kernel][axis_index] == x ? 1 : 0;
        return std::log((hit + spread) / (1 + spread * static_cast<double>(axis.levels.size())));
    }
    const double centre = is_prior ? kPriorCentre : centres_[kernel][axis_index];
    const double width = width_of(kernel);
    const double inside = std::log(mass_between(0, 1, centre, width));
    if (axis.kind == AxisKind::continuous) return log_normal_density(x, centre, width) - inside;
    const auto [low, high] = cell_of(axis, axis.nearest_level(x));
    return std::log(std::max(mass_between(low, high, centre, width), 1e-300)) - inside;
}

double Parzen::draw_axis(std::size_t kernel, std::size_t axis_index, Rng& rng) const {
    const Axis& axis = space_->axes()[axis_index];
    const bool is_prior = kernel == centres_.size();
    const double u = rng.uniform();
    if (axis.kind == AxisKind::unordered) {
        if (is_prior) return static_cast<double>(weighted_index(axis.shares, u));
        std::vector<double> shares(axis.levels.size());
        for (std::size_t i = 0; i < shares.size(); ++i)
            shares[i] = std::exp(log_kernel(kernel, axis_index, static_cast<double>(i)));
        return static_cast<double>(weighted_index(shares, u));
    }
    const double centre = is_prior ? kPriorCentre : centres_[kernel][axis_index];
    const double width = width_of(kernel);
    const double low = sweeps::normal_cdf(-centre / width);
    const double high = sweeps::normal_cdf((1 - centre) / width);
    const double x = centre + width * sweeps::normal_quantile(low + u * (high - low));
    const double inside = std::clamp(x, 0.0, 1.0);
    return axis.is_discrete() ? axis.levels[axis.nearest_level(inside)] : inside;
}

Coords Parzen::draw(Rng& rng) const {
    const std::size_t kernel = weighted_index(weights_, rng.uniform());
    Coords point(space_->size());
    for (std::size_t i = 0; i < point.size(); ++i) point[i] = draw_axis(kernel, i, rng);
    return point;
}

double Parzen::log_density(const Coords& point) const {
    std::vector<double> logs(weights_.size());
    for (std::size_t k = 0; k < logs.size(); ++k) {
        logs[k] = std::log(weights_[k]);
        for (std::size_t i = 0; i < point.size(); ++i) logs[k] += log_kernel(k, i, point[i]);
    }
    const double top = *std::max_element(logs.begin(), logs.end());
    double sum = 0;
    for (const double value : logs) sum += std::exp(value - top);
    return top + std::log(sum);
}

}  // namespace bw::search
