#include "sweeps/search/expected_improvement.h"

#include <cmath>
#include <numbers>

namespace bw::search {
namespace {

constexpr double kLogRootTwoPi = 0.91893853320467274;
constexpr double kDirect = -1;       // above this h(z) itself loses nothing
constexpr double kAsymptotic = -20;  // below this three terms of the series are exact to 1e-6

struct LogH {
    double value = 0;
    double slope = 0;  // Phi(z) / h(z)
};

// h(z) = phi(z) + z Phi(z).
LogH log_h(double z) {
    const double log_phi = -0.5 * z * z - kLogRootTwoPi;
    if (z > kDirect) {
        const double below = 0.5 * std::erfc(-z / std::numbers::sqrt2);
        const double h = std::exp(log_phi) + z * below;
        return {std::log(h), below / h};
    }
    const double x = -z;
    double mills = 0;  // Phi(z) / phi(z)
    double rest = 0;   // h(z) / phi(z) = 1 - x mills
    if (z > kAsymptotic) {
        mills = std::sqrt(std::numbers::pi / 2) * std::exp(0.5 * x * x) *
                std::erfc(x / std::numbers::sqrt2);
        rest = 1 - x * mills;
    } else {
        const double inverse = 1 / (x * x);
        rest = inverse * (1 - inverse * (3 - 15 * inverse));
        mills = (1 - rest) / x;
    }
    return {log_phi + std::log(rest), mills / rest};
}

}  // namespace

Improvement log_expected_improvement(const Prediction& prediction, double best) {
    const double deviation = std::sqrt(prediction.variance);
    const double z = (best - prediction.mean) / deviation;
    const LogH h = log_h(z);
    Improvement out;
    out.log_value = std::log(deviation) + h.value;
    out.by_mean = -h.slope / deviation;
    // Both the factor in front and z change with the deviation; d(deviation) = d(variance) / 2 dev.
    out.by_variance = (1 - h.slope * z) / (2 * prediction.variance);
    return out;
}

}  // namespace bw::search
