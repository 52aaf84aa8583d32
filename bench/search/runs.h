// Runs a searcher on a problem and keeps the regret of what it would recommend after each
// evaluation.
#pragma once

#include <cstdint>
#include <vector>

#include "bench/search/problems.h"

#include "sweeps/search/suggest.h"

namespace bw::bench {

struct RunOptions {
    search::Sampler sampler = search::Sampler::gp;
    std::uint64_t seed = 0;
    std::size_t evaluations = 50;
    std::size_t in_flight = 1;  // points under way at a time, finishing in the order of their start
};

struct Curve {
    std::vector<double> regret;  // true value of the best observed point minus the optimum
    double search_ms = 0;        // processor time of all suggestions together
};

Curve run(const Problem& problem, const RunOptions& options);

/// Milliseconds of processor time of one suggestion after `results` random evaluations: the median
/// of `repeats`.
double suggestion_ms(
    const Problem& problem, search::Sampler sampler, std::size_t results, int repeats
);

/// As numpy: linear between the order statistics.
double quantile(std::vector<double> values, double q);

}  // namespace bw::bench
