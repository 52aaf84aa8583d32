#include "sweeps/search/gaussian_process.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sweeps/search/matern.h"

namespace bw::search {

using Eigen::ArrayXd;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr double kVarianceMin = 1e-12;

MatrixXd squared_between(
    const std::vector<bool>& unordered, const VectorXd& weights, const Points& a, const Points& b
) {
    MatrixXd squared = MatrixXd::Zero(a.rows(), b.rows());
    for (Index k = 0; k < a.cols(); ++k) {
        for (Index j = 0; j < b.rows(); ++j) {
            const ArrayXd gap = a.col(k).array() - b(j, k);
            if (unordered[static_cast<std::size_t>(k)]) {
                squared.col(j).array() += weights[k] * (gap != 0).cast<double>();
            } else {
                squared.col(j).array() += weights[k] * gap.square();
            }
        }
    }
    return squared;
}

MatrixXd correlation(MatrixXd squared) {
    const ArrayXd flat = Eigen::Map<const ArrayXd>(squared.data(), squared.size());
    Eigen::Map<ArrayXd>(squared.data(), squared.size()) = matern(flat);
    return squared;
}

}  // namespace

Points points_of(std::span<const Coords> coords, std::size_t axes) {
    Points points(static_cast<Index>(coords.size()), static_cast<Index>(axes));
    for (Index i = 0; i < points.rows(); ++i) {
        for (Index k = 0; k < points.cols(); ++k)
            points(i, k) = coords[static_cast<std::size_t>(i)][static_cast<std::size_t>(k)];
    }
    return points;
}

GaussianProcess::GaussianProcess(
    const Space& space, Points points, VectorXd values, Hyperparameters hyperparameters
)
    : points_(std::move(points)),
      values_(std::move(values)),
      hyperparameters_(std::move(hyperparameters)) {
    for (const Axis& axis : space.axes()) unordered_.push_back(axis.kind == AxisKind::unordered);
    factorise();
}

void GaussianProcess::factorise() {
    const auto& h = hyperparameters_;
    MatrixXd covariance =
        h.scale * correlation(squared_between(unordered_, h.weights, points_, points_));
    double jitter = std::max(h.noise, 1e-8 * h.scale);
    covariance.diagonal().array() += jitter;
    factor_.compute(covariance);
    for (int i = 0; i < 8 && factor_.info() != Eigen::Success; ++i, jitter *= 10) {
        covariance.diagonal().array() += 9 * jitter;
        factor_.compute(covariance);
    }
    solved_ = factor_.solve(values_);
}

void GaussianProcess::believe(std::span<const Coords> pending) {
    if (pending.empty()) return;
    const Points more = points_of(pending, unordered_.size());
    VectorXd values(values_.size() + more.rows());
    values.head(values_.size()) = values_;
    const std::vector<Prediction> predictions = predict_all(more);
    for (Index i = 0; i < more.rows(); ++i)
        values[values_.size() + i] = predictions[static_cast<std::size_t>(i)].mean;
    Points points(values.size(), points_.cols());
    points << points_, more;
    points_ = std::move(points);
    values_ = std::move(values);
    factorise();
}

std::vector<Prediction> GaussianProcess::predict_all(const Points& points) const {
    const auto& h = hyperparameters_;
    const MatrixXd cross =
        h.scale * correlation(squared_between(unordered_, h.weights, points_, points));
    const VectorXd means = cross.transpose() * solved_;
    const MatrixXd whitened = factor_.matrixL().solve(cross);
    std::vector<Prediction> predictions;
    predictions.reserve(static_cast<std::size_t>(points.rows()));
    for (Index j = 0; j < points.rows(); ++j) {
        const double variance = h.scale - whitened.col(j).squaredNorm();
        predictions.push_back({means[j], std::max(variance, kVarianceMin)});
    }
    return predictions;
}

VectorXd GaussianProcess::squared_distances(const VectorXd& point) const {
    return squared_between(unordered_, hyperparameters_.weights, points_, point.transpose());
}

double GaussianProcess::lowest_mean() const {
    double lowest = std::numeric_limits<double>::infinity();
    for (const Prediction& prediction : predict_all(points_))
        lowest = std::min(lowest, prediction.mean);
    return lowest;
}

PredictionWithGradient GaussianProcess::predict_with_gradient(const VectorXd& point) const {
    const auto& h = hyperparameters_;
    const VectorXd squared = squared_distances(point);
    const VectorXd cross = h.scale * matern(squared).matrix();
    const VectorXd slope = h.scale * matern_slope(squared).matrix();
    const VectorXd inverse_cross = factor_.solve(cross);
    PredictionWithGradient out;
    out.at.mean = cross.dot(solved_);
    out.at.variance = std::max(h.scale - cross.dot(inverse_cross), kVarianceMin);
    out.mean_gradient = VectorXd::Zero(point.size());
    out.variance_gradient = VectorXd::Zero(point.size());
    for (Index k = 0; k < point.size(); ++k) {
        if (unordered_[static_cast<std::size_t>(k)]) continue;
        const VectorXd change =
            slope.array() * (2 * h.weights[k]) * (point[k] - points_.col(k).array());
        out.mean_gradient[k] = change.dot(solved_);
        out.variance_gradient[k] = -2 * change.dot(inverse_cross);
    }
    return out;
}

}  // namespace bw::search
