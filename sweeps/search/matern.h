// The Matern 5/2 correlation as a function of the squared distance, with its derivative.
#pragma once

#include <Eigen/Core>

namespace bw::search {

/// (1 + r sqrt5 + 5 r^2 / 3) exp(-r sqrt5), elementwise; the argument holds r^2 >= 0.
Eigen::ArrayXd matern(const Eigen::ArrayXd& squared);

/// The derivative of the above by r^2: -5/6 (1 + r sqrt5) exp(-r sqrt5).
Eigen::ArrayXd matern_slope(const Eigen::ArrayXd& squared);

}  // namespace bw::search
