#include "sweeps/search/matern.h"

namespace bw::search {

Eigen::ArrayXd matern(const Eigen::ArrayXd& squared) {
    const Eigen::ArrayXd root = (5 * squared).sqrt();
    return (1 + root + (5.0 / 3) * squared) * (-root).exp();
}

Eigen::ArrayXd matern_slope(const Eigen::ArrayXd& squared) {
    const Eigen::ArrayXd root = (5 * squared).sqrt();
    return (-5.0 / 6) * (1 + root) * (-root).exp();
}

}  // namespace bw::search
