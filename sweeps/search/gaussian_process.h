// Gaussian process regression with a Matern 5/2 kernel: a length scale per axis, unordered axes by
// whether the levels differ, a fitted noise term. Values are expected standardised. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <Eigen/Cholesky>
#include <Eigen/Core>

#include "sweeps/search/space.h"

namespace bw::search {

struct Hyperparameters {
    Eigen::VectorXd weights;  // inverse squared length scales, one per axis
    double scale = 1;         // variance of the function
    double noise = 1e-4;      // variance of an observation around it
};

/// Rows are points; a process keeps its own copy.
using Points = Eigen::MatrixXd;

Points points_of(std::span<const Coords> coords, std::size_t axes);

/// The most probable hyperparameters under weak priors; several starts, gradients. Cubic in the
/// number of points: give it at most some hundreds.
Hyperparameters fit_hyperparameters(
    const Space& space, const Points& points, const Eigen::VectorXd& values
);

struct Prediction {
    double mean = 0;
    double variance = 1;  // of the function, without the noise; at least 1e-12
};

struct PredictionWithGradient {
    Prediction at;
    Eigen::VectorXd mean_gradient, variance_gradient;  // 0 on unordered axes
};

class GaussianProcess {
public:
    GaussianProcess(
        const Space& space, Points points, Eigen::VectorXd values, Hyperparameters hyperparameters
    );

    /// Takes the points as if its own predictions had been observed there: the mean stays, the
    /// variance around them falls (the "kriging believer").
    void believe(std::span<const Coords> pending);

    /// The least mean at any of its own points, believed ones too.
    [[nodiscard]] double lowest_mean() const;

    [[nodiscard]] std::vector<Prediction> predict_all(const Points& points) const;
    [[nodiscard]] PredictionWithGradient predict_with_gradient(const Eigen::VectorXd& point) const;

private:
    void factorise();
    [[nodiscard]] Eigen::VectorXd squared_distances(const Eigen::VectorXd& point) const;

    std::vector<bool> unordered_;
    Points points_;
    Eigen::VectorXd values_;
    Hyperparameters hyperparameters_;
    Eigen::LLT<Eigen::MatrixXd> factor_;
    Eigen::VectorXd solved_;  // the covariance's inverse times the values
};

}  // namespace bw::search
