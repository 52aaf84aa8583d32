#include "sweeps/quantile.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sweeps/distributions.h"
#include "sweeps/special.h"

namespace bw::sweeps {
namespace {

double uniform_at(double min, double max, double u) { return min + u * (max - min); }

double unquantised_at(const Parameter& p, double u) {
    switch (p.distribution) {
        case Distribution::uniform:
        case Distribution::q_uniform:
            return uniform_at(p.min, p.max, u);
        case Distribution::log_uniform:
        case Distribution::q_log_uniform:
            return std::exp(uniform_at(p.min, p.max, u));
        case Distribution::log_uniform_values:
        case Distribution::q_log_uniform_values:
            return std::exp(uniform_at(std::log(p.min), std::log(p.max), u));
        case Distribution::inv_log_uniform:
            return std::exp(-uniform_at(p.min, p.max, 1 - u));
        case Distribution::inv_log_uniform_values:
            return std::exp(-uniform_at(-std::log(p.max), -std::log(p.min), 1 - u));
        case Distribution::normal:
        case Distribution::q_normal:
            return p.mu + p.sigma * normal_quantile(u);
        case Distribution::log_normal:
        case Distribution::q_log_normal:
            return std::exp(p.sigma * normal_quantile(u)) * std::exp(p.mu);
        case Distribution::beta:
        case Distribution::q_beta:
            return beta_quantile(p.a, p.b, u);
        case Distribution::constant:
        case Distribution::categorical:
        case Distribution::categorical_w_probabilities:
        case Distribution::int_uniform:
            break;
    }
    return 0;
}

// Rounds half to even, as numpy does (the default rounding mode does too).
Value quantised(const Parameter& p, double x) {
    const double multiple = std::nearbyint(x / p.q) * p.q;
    constexpr double kLimit = 9.2e18;
    if (!p.q_is_integer || !(std::fabs(multiple) < kLimit)) return Value{multiple};
    return Value{static_cast<std::int64_t>(multiple)};
}

const Value& weighted_at(const Parameter& p, double u) {
    double sum = 0;
    for (std::size_t i = 0; i < p.values.size() && i < p.probabilities.size(); ++i) {
        sum += p.probabilities[i];
        if (u < sum) return p.values[i];
    }
    // The sum may fall short of u by rounding: then the last value that has any weight.
    for (std::size_t i = p.values.size(); i-- > 0;) {
        if (i < p.probabilities.size() && p.probabilities[i] > 0) return p.values[i];
    }
    return p.values.front();
}

const Value& categorical_at(const Parameter& p, double u) {
    const auto n = static_cast<double>(p.values.size());
    const double index = std::clamp(std::ceil(u * n) - 1, 0.0, n - 1);
    return p.values[static_cast<std::size_t>(index)];
}

double linear_cdf(double min, double max, double x) {
    return std::clamp((x - min) / (max - min), 0.0, 1.0);
}

double discrete_cdf(double min, double max, double x) {
    return std::clamp((std::floor(x) - min + 1) / (max - min + 1), 0.0, 1.0);
}

double weighted_cdf(const Parameter& p, double index) {
    double sum = 0;
    for (std::size_t i = 0; i < p.probabilities.size() && static_cast<double>(i) <= index; ++i) {
        sum += p.probabilities[i];
    }
    return sum;
}

}  // namespace

Value quantile_at(const Parameter& p, double u) {
    switch (p.distribution) {
        case Distribution::constant:
            return p.values.front();
        case Distribution::categorical:
            return categorical_at(p, u);
        case Distribution::categorical_w_probabilities:
            return weighted_at(p, u);
        case Distribution::int_uniform: {
            const double step = std::ceil(u * (p.max - p.min + 1));
            return Value{static_cast<std::int64_t>(std::clamp(p.min - 1 + step, p.min, p.max))};
        }
        case Distribution::uniform:
        case Distribution::log_uniform:
        case Distribution::log_uniform_values:
        case Distribution::inv_log_uniform:
        case Distribution::inv_log_uniform_values:
        case Distribution::normal:
        case Distribution::log_normal:
        case Distribution::beta:
            return Value{unquantised_at(p, u)};
        case Distribution::q_uniform:
        case Distribution::q_log_uniform:
        case Distribution::q_log_uniform_values:
        case Distribution::q_normal:
        case Distribution::q_log_normal:
        case Distribution::q_beta:
            return quantised(p, unquantised_at(p, u));
    }
    return Value{nullptr};
}

double cdf_at(const Parameter& p, double x) {
    switch (p.distribution) {
        case Distribution::constant:
            return 0;
        case Distribution::categorical:
            return discrete_cdf(0, static_cast<double>(p.values.size()) - 1, x);
        case Distribution::categorical_w_probabilities:
            return weighted_cdf(p, x);
        case Distribution::int_uniform:
            return discrete_cdf(p.min, p.max, x);
        case Distribution::uniform:
        case Distribution::q_uniform:
            return linear_cdf(p.min, p.max, x);
        case Distribution::log_uniform:
        case Distribution::q_log_uniform:
            return linear_cdf(p.min, p.max, std::log(x));
        case Distribution::log_uniform_values:
        case Distribution::q_log_uniform_values:
            return linear_cdf(std::log(p.min), std::log(p.max), std::log(x));
        case Distribution::inv_log_uniform:
            return 1 - linear_cdf(p.min, p.max, std::log(1 / x));
        case Distribution::inv_log_uniform_values:
            return 1 - linear_cdf(-std::log(p.max), -std::log(p.min), std::log(1 / x));
        case Distribution::normal:
        case Distribution::q_normal:
            return normal_cdf((x - p.mu) / p.sigma);
        case Distribution::log_normal:
        case Distribution::q_log_normal:
            return x <= 0 ? 0 : normal_cdf((std::log(x) - p.mu) / p.sigma);
        case Distribution::beta:
        case Distribution::q_beta:
            return beta_cdf(p.a, p.b, x);
    }
    return 0;
}

}  // namespace bw::sweeps
