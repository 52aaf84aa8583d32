#include "sweeps/search/minimise.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace bw::search {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

struct State {
    VectorXd x, gradient;
    double value = 0;
};

// 0 for the variables that stand at a bound and want to leave the box, else 1.
VectorXd free_mask(const State& at, const Box& box) {
    VectorXd mask = VectorXd::Ones(at.x.size());
    for (Eigen::Index i = 0; i < mask.size(); ++i) {
        const bool is_low = at.x[i] <= box.low[i] && at.gradient[i] > 0;
        const bool is_high = at.x[i] >= box.high[i] && at.gradient[i] < 0;
        if (is_low || is_high) mask[i] = 0;
    }
    return mask;
}

// Backtracks along the direction, bent at the box, until the value falls enough (Armijo).
std::optional<State> search_line(
    const Smooth& function, const State& from, const VectorXd& direction, const Box& box
) {
    constexpr double kEnough = 1e-4;
    double step = 1;
    for (int i = 0; i < 12; ++i, step *= 0.4) {
        State to;
        to.x = (from.x + step * direction).cwiseMax(box.low).cwiseMin(box.high);
        to.gradient = VectorXd::Zero(to.x.size());
        const double slope = from.gradient.dot(to.x - from.x);
        if (slope >= 0) continue;
        to.value = function(to.x, to.gradient);
        const bool is_usable = std::isfinite(to.value) && to.gradient.allFinite();
        if (is_usable && to.value <= from.value + kEnough * slope) return to;
    }
    return std::nullopt;
}

void update_inverse(MatrixXd& inverse, const VectorXd& step, const VectorXd& change, int steps) {
    const double curvature = step.dot(change);
    if (curvature <= 1e-12 * step.norm() * change.norm()) return;
    const auto n = step.size();
    if (steps == 0) inverse = MatrixXd::Identity(n, n) * (curvature / change.squaredNorm());
    const double rho = 1 / curvature;
    const MatrixXd left = MatrixXd::Identity(n, n) - rho * step * change.transpose();
    inverse = left * inverse * left.transpose() + rho * step * step.transpose();
}

}  // namespace

Minimum minimise(const Smooth& function, VectorXd start, const Box& box, int steps_max) {
    const auto n = start.size();
    State at;
    at.x = start.cwiseMax(box.low).cwiseMin(box.high);
    at.gradient = VectorXd::Zero(n);
    at.value = function(at.x, at.gradient);
    if (!std::isfinite(at.value) || !at.gradient.allFinite()) return {at.x, at.value};
    // The first step is at most a tenth of the box: there is no idea of the curvature yet.
    const double reach = 0.1 * (box.high - box.low).minCoeff();
    MatrixXd inverse =
        MatrixXd::Identity(n, n) * (reach / std::max(at.gradient.cwiseAbs().maxCoeff(), 1e-12));
    for (int steps = 0; steps < steps_max; ++steps) {
        const VectorXd mask = free_mask(at, box);
        VectorXd direction = -(inverse * at.gradient.cwiseProduct(mask)).cwiseProduct(mask);
        if (direction.dot(at.gradient) >= 0) direction = -at.gradient.cwiseProduct(mask);
        auto next = search_line(function, at, direction, box);
        if (!next) break;
        const double gain = at.value - next->value;
        update_inverse(inverse, next->x - at.x, next->gradient - at.gradient, steps);
        at = std::move(*next);
        if (gain < 1e-6 * std::max(1.0, std::fabs(at.value))) break;
    }
    return {at.x, at.value};
}

}  // namespace bw::search
