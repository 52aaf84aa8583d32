// The marginal likelihood of a Gaussian process over the pairs of points, and its maximum.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>

#include "sweeps/search/gaussian_process.h"
#include "sweeps/search/matern.h"
#include "sweeps/search/minimise.h"

namespace bw::search {
namespace {

using Eigen::ArrayXd;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kNoiseMin = 1e-6;
constexpr int kStepsMax = 40;

// Squared gaps of every pair i > j on every axis: distances are then one product with the weights.
MatrixXd squared_gaps(const Space& space, const Points& points) {
    const Index n = points.rows();
    MatrixXd gaps(n * (n - 1) / 2, points.cols());
    for (Index k = 0; k < points.cols(); ++k) {
        const bool is_unordered =
            space.axes()[static_cast<std::size_t>(k)].kind == AxisKind::unordered;
        Index pair = 0;
        for (Index j = 0; j < n; ++j) {
            for (Index i = j + 1; i < n; ++i, ++pair) {
                const double gap = points(i, k) - points(j, k);
                gaps(pair, k) = is_unordered ? (gap != 0 ? 1.0 : 0.0) : gap * gap;
            }
        }
    }
    return gaps;
}

class Likelihood {
public:
    Likelihood(const Space& space, const Points& points, const VectorXd& values)
        : gaps_(squared_gaps(space, points)), values_(values) {}

    // theta: logarithms of the weights, the scale and the noise. Returns minus the log posterior.
    double operator()(const VectorXd& theta, VectorXd& gradient) const {
        const Index axes = gaps_.cols();
        const VectorXd weights = theta.head(axes).array().exp();
        const double scale = std::exp(theta[axes]);
        const double noise = std::exp(theta[axes + 1]);
        const ArrayXd squared = gaps_ * weights;
        const ArrayXd shape = matern(squared);
        const Eigen::LLT<MatrixXd> factor(covariance(scale * shape, scale + noise));
        if (factor.info() != Eigen::Success) return std::numeric_limits<double>::infinity();
        const VectorXd solved = factor.solve(values_);
        const MatrixXd inverse = factor.solve(MatrixXd::Identity(values_.size(), values_.size()));
        // Half the derivative by each entry of the covariance; every pair stands there twice.
        const ArrayXd by_entry = pairs_of(inverse, solved);
        const double trace = 0.5 * (inverse.diagonal().array() - solved.array().square()).sum();
        const VectorXd by_distance = by_entry * scale * matern_slope(squared);
        gradient.head(axes) = weights.cwiseProduct(gaps_.transpose() * by_distance);
        gradient[axes] = scale * ((by_entry * shape).sum() + trace);
        gradient[axes + 1] = noise * trace;
        const double half_log_determinant =
            MatrixXd(factor.matrixL()).diagonal().array().log().sum();
        return 0.5 * values_.dot(solved) + half_log_determinant +
               penalty(weights, scale, noise, gradient);
    }

private:
    [[nodiscard]] MatrixXd covariance(const ArrayXd& pairs, double diagonal) const {
        const Index n = values_.size();
        MatrixXd matrix(n, n);
        Index pair = 0;
        for (Index j = 0; j < n; ++j) {
            matrix(j, j) = diagonal;
            const Index below = n - 1 - j;
            matrix.col(j).tail(below) = pairs.segment(pair, below);
            pair += below;
        }
        return matrix;  // LLT reads the lower triangle only
    }

    [[nodiscard]] static ArrayXd pairs_of(const MatrixXd& inverse, const VectorXd& solved) {
        const Index n = solved.size();
        ArrayXd pairs(n * (n - 1) / 2);
        Index pair = 0;
        for (Index j = 0; j < n; ++j) {
            const Index below = n - 1 - j;
            pairs.segment(pair, below) =
                inverse.col(j).tail(below) - solved[j] * solved.tail(below);
            pair += below;
        }
        return pairs;
    }

    // Minus the log priors. Weights: neither 0 nor infinity; scale: Gamma(2, 1); noise: Gamma(1.1,
    // 30), small unless the data say otherwise.
    [[nodiscard]] static double penalty(
        const VectorXd& weights, double scale, double noise, VectorXd& gradient
    ) {
        const Index axes = weights.size();
        const ArrayXd w = weights.array();
        gradient.head(axes).array() += 0.1 * w - 0.1 / w;
        gradient[axes] += scale - 1;
        gradient[axes + 1] += 30 * noise - 0.1;
        return (0.1 * w + 0.1 / w).sum() + scale - std::log(scale) + 30 * noise -
               0.1 * std::log(noise);
    }

    MatrixXd gaps_;
    VectorXd values_;
};

Box box_of(Index axes) {
    Box box{VectorXd(axes + 2), VectorXd(axes + 2)};
    box.low << VectorXd::Constant(axes, std::log(1e-4)), std::log(1e-3), std::log(kNoiseMin);
    box.high << VectorXd::Constant(axes, std::log(1e4)), std::log(1e2), std::log(1.0);
    return box;
}

}  // namespace

Hyperparameters fit_hyperparameters(
    const Space& space, const Points& points, const VectorXd& values
) {
    struct Start {
        double weight, noise;
    };

    constexpr std::array<Start, 3> kStarts = {{{1.0, 1e-2}, {8.0, 1e-4}, {0.2, 1e-1}}};
    const Index axes = points.cols();
    const Likelihood likelihood(space, points, values);
    const Smooth function = [&](const VectorXd& x, VectorXd& g) { return likelihood(x, g); };
    std::optional<Minimum> best;
    for (const Start& start : kStarts) {
        VectorXd theta(axes + 2);
        theta << VectorXd::Constant(axes, std::log(start.weight)), 0.0, std::log(start.noise);
        Minimum found = minimise(function, theta, box_of(axes), kStepsMax);
        if (!best || found.value < best->value) best = std::move(found);
    }
    Hyperparameters fitted;
    fitted.weights = best->x.head(axes).array().exp();
    fitted.scale = std::exp(best->x[axes]);
    fitted.noise = std::exp(best->x[axes + 1]);
    return fitted;
}

}  // namespace bw::search
