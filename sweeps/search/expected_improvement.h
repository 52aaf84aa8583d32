// The logarithm of the expected improvement (Ament et al. 2023), which keeps its slope where the
// improvement itself underflows. Pure.
#pragma once

#include "sweeps/search/gaussian_process.h"

namespace bw::search {

struct Improvement {
    double log_value = 0;
    double by_mean = 0;      // derivative by the mean
    double by_variance = 0;  // derivative by the variance
};

/// Below `best`, for a function value that is normal with this mean and variance.
Improvement log_expected_improvement(const Prediction& prediction, double best);

}  // namespace bw::search
