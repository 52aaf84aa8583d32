#include "sweeps/search/gaussian_process.h"

#include <cmath>

#include <gtest/gtest.h>

#include "base/rng.h"
#include "sweeps/search/expected_improvement.h"
#include "sweeps/search/minimise.h"
#include "tests/sweeps/search/axes_fixture.h"

namespace bw::search {
namespace {

using Eigen::VectorXd;
using sweeps::Distribution;

Space line_and_names() {
    const std::vector<sweeps::Parameter> parameters = {
        bounded("x", Distribution::uniform, 0, 1), listed("c", {text("a"), text("b"), text("c")})};
    return Space(parameters);
}

GaussianProcess process_of(const Space& space, double noise) {
    const std::vector<Coords> at = {{0.1, 0}, {0.5, 1}, {0.9, 2}, {0.4, 0}};
    VectorXd values(4);
    values << 1.0, -1.0, 0.5, 0.2;
    Hyperparameters h{VectorXd::Constant(2, 4.0), 1.0, noise};
    return {space, points_of(at, 2), values, h};
}

VectorXd place(double x, double c) {
    VectorXd point(2);
    point << x, c;
    return point;
}

Prediction at(const GaussianProcess& process, const VectorXd& point) {
    return process.predict_all(point.transpose()).front();
}

TEST(GaussianProcess, GoesThroughItsPointsWithoutNoise) {
    const Space space = line_and_names();
    const GaussianProcess process = process_of(space, 1e-9);
    EXPECT_NEAR(at(process, place(0.5, 1)).mean, -1.0, 1e-5);
    EXPECT_LT(at(process, place(0.5, 1)).variance, 1e-6);
    EXPECT_NEAR(process.lowest_mean(), -1.0, 1e-5);
}

TEST(GaussianProcess, NamesAreEquallyFarFromEachOther) {
    const Space space = line_and_names();
    const std::vector<Coords> one = {{0.5, 0}};
    const GaussianProcess process(
        space,
        points_of(one, 2),
        VectorXd::Constant(1, 1.0),
        {VectorXd::Constant(2, 1.0), 1.0, 1e-9}
    );
    EXPECT_DOUBLE_EQ(at(process, place(0.5, 1)).mean, at(process, place(0.5, 2)).mean);
}

TEST(GaussianProcess, GradientsAreThoseOfThePredictions) {
    const Space space = line_and_names();
    const GaussianProcess process = process_of(space, 0.01);
    constexpr double kStep = 1e-5;
    const auto here = process.predict_with_gradient(place(0.3, 1));
    const auto right = at(process, place(0.3 + kStep, 1));
    const auto left = at(process, place(0.3 - kStep, 1));
    EXPECT_NEAR(here.mean_gradient[0], (right.mean - left.mean) / (2 * kStep), 1e-6);
    EXPECT_NEAR(here.variance_gradient[0], (right.variance - left.variance) / (2 * kStep), 1e-6);
    EXPECT_EQ(here.mean_gradient[1], 0);
}

TEST(GaussianProcess, BelievedPointsKeepTheMeanAndTakeTheVariance) {
    const Space space = line_and_names();
    GaussianProcess process = process_of(space, 1e-6);
    const std::vector<Coords> pending = {{0.7, 1}};
    const Prediction before = at(process, place(0.7, 1));
    process.believe(pending);
    const Prediction after = at(process, place(0.7, 1));
    EXPECT_NEAR(after.mean, before.mean, 1e-6);
    EXPECT_LT(after.variance, 1e-4);
    EXPECT_GT(before.variance, 1e-2);
}

TEST(Fit, FindsTheAxisThatMattersAndTheNoise) {
    const std::vector<sweeps::Parameter> parameters = {
        bounded("x", Distribution::uniform, 0, 1), bounded("y", Distribution::uniform, 0, 1)};
    const Space space(parameters);
    Rng rng(3);
    std::vector<Coords> at;
    VectorXd values(80);
    for (int i = 0; i < 80; ++i) {
        at.push_back({rng.uniform(), rng.uniform()});
        values[i] = 1.4 * std::sin(8 * at.back()[0]) + 0.3 * rng.normal();
    }
    const Hyperparameters fitted = fit_hyperparameters(space, points_of(at, 2), values);
    EXPECT_GT(fitted.weights[0], 10 * fitted.weights[1]);
    EXPECT_NEAR(std::sqrt(fitted.noise), 0.3, 0.1);
}

TEST(ExpectedImprovement, AgreesWithTheDefinitionAndKeepsItsSlopeFarBelow) {
    const auto improvement = log_expected_improvement({0.5, 0.25}, 0.2);
    const double z = (0.2 - 0.5) / 0.5;
    const double phi = std::exp(-z * z / 2) / std::sqrt(2 * M_PI);
    const double below = 0.5 * std::erfc(-z / std::sqrt(2.0));
    EXPECT_NEAR(improvement.log_value, std::log(0.5 * (phi + z * below)), 1e-12);
    for (const double mean : {-3.0, 0.0, 0.69, 0.71, 1.0, 8.0, 10.19, 10.21, 300.0}) {
        constexpr double kStep = 1e-5;
        const Prediction here{mean, 0.25};
        const auto gain = log_expected_improvement(here, 0.2);
        const double up = log_expected_improvement({mean + kStep, 0.25}, 0.2).log_value;
        const double down = log_expected_improvement({mean - kStep, 0.25}, 0.2).log_value;
        EXPECT_NEAR(gain.by_mean, (up - down) / (2 * kStep), 1e-3 * std::fabs(gain.by_mean));
        const double wide = log_expected_improvement({mean, 0.25 + kStep}, 0.2).log_value;
        const double thin = log_expected_improvement({mean, 0.25 - kStep}, 0.2).log_value;
        EXPECT_NEAR(
            gain.by_variance, (wide - thin) / (2 * kStep), 1e-3 * std::fabs(gain.by_variance) + 1e-6
        ) << mean;
    }
}

TEST(Minimise, FindsTheMinimumInsideAndAtTheBoundOfTheBox) {
    const Smooth rosenbrock = [](const VectorXd& x, VectorXd& gradient) {
        const double a = 1 - x[0];
        const double b = x[1] - x[0] * x[0];
        gradient[0] = -2 * a - 400 * x[0] * b;
        gradient[1] = 200 * b;
        return a * a + 100 * b * b;
    };
    VectorXd start(2);
    start << -1, 1;
    const Box wide{VectorXd::Constant(2, -2), VectorXd::Constant(2, 2)};
    EXPECT_NEAR(minimise(rosenbrock, start, wide, 200).x[0], 1, 1e-2);
    const Box half{VectorXd::Constant(2, -2), VectorXd::Constant(2, 0.5)};
    const Minimum bounded = minimise(rosenbrock, start, half, 200);
    EXPECT_NEAR(bounded.x[0], 0.5, 1e-2);
    EXPECT_NEAR(bounded.x[1], 0.25, 2e-2);
}

}  // namespace
}  // namespace bw::search
