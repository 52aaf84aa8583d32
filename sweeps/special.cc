#include "sweeps/special.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/erf.hpp>

namespace bw::sweeps {
namespace {

namespace policies = boost::math::policies;

// Out of range is NaN or infinite here, never an exception.
using Quiet = policies::policy<
    policies::domain_error<policies::ignore_error>,
    policies::pole_error<policies::ignore_error>,
    policies::overflow_error<policies::ignore_error>,
    policies::underflow_error<policies::ignore_error>,
    policies::evaluation_error<policies::ignore_error>,
    policies::promote_double<false>>;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

}  // namespace

double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }

double normal_quantile(double u) {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    if (u <= 0) return -kInfinity;
    if (u >= 1) return kInfinity;
    return -std::numbers::sqrt2 * boost::math::erfc_inv(2 * u, Quiet{});
}

double beta_cdf(double a, double b, double x) {
    if (!(a > 0) || !(b > 0)) return kNan;
    return boost::math::ibeta(a, b, std::clamp(x, 0.0, 1.0), Quiet{});
}

double beta_quantile(double a, double b, double u) {
    if (!(a > 0) || !(b > 0)) return kNan;
    return boost::math::ibeta_inv(a, b, std::clamp(u, 0.0, 1.0), Quiet{});
}

}  // namespace bw::sweeps
