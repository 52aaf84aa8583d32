// A quasi-Newton minimiser (BFGS) inside a box, for smooth functions of at most some dozens of
// variables. Deterministic, pure.
#pragma once

#include <functional>

#include <Eigen/Core>

namespace bw::search {

/// The value at x; the gradient is written to the second argument. May return infinity.
using Smooth = std::function<double(const Eigen::VectorXd& x, Eigen::VectorXd& gradient)>;

struct Box {
    Eigen::VectorXd low, high;
};

struct Minimum {
    Eigen::VectorXd x;
    double value = 0;
};

/// Stops after `steps_max` steps, or when a step gains less than 1e-6 of the value's scale. Never
/// worse than the start.
Minimum minimise(const Smooth& function, Eigen::VectorXd start, const Box& box, int steps_max);

}  // namespace bw::search
