#include "bench/search/runs.h"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <limits>

namespace bw::bench {
namespace {

using search::Assignment;
using search::Evidence;
using search::Request;
using search::Space;

// Processor time of this process: what others do on the machine does not count.
double cpu_ms() { return 1e3 * static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

}  // namespace

Curve run(const Problem& problem, const RunOptions& options) {
    const Space space(problem.parameters);
    Evidence evidence;
    Curve curve;
    double best_observed = std::numeric_limits<double>::infinity();
    double recommended = best_observed;
    std::uint64_t ordinal = 0;
    while (curve.regret.size() < options.evaluations) {
        while (evidence.pending.size() < options.in_flight) {
            const double start = cpu_ms();
            evidence.pending.push_back(
                search::suggest(space, evidence, {options.sampler, options.seed, ordinal++})
            );
            curve.search_ms += cpu_ms() - start;
        }
        const Assignment params = evidence.pending.front();
        evidence.pending.erase(evidence.pending.begin());
        Rng noise(key_of(options.seed, curve.regret.size(), 0x6e6f697365u));
        const Measured measured = problem.measure(params, noise);
        if (measured.observed < best_observed) {
            best_observed = measured.observed;
            recommended = measured.truth;
        }
        curve.regret.push_back(recommended - problem.optimum);
        evidence.finished.push_back({params, measured.observed});
    }
    return curve;
}

double suggestion_ms(
    const Problem& problem, search::Sampler sampler, std::size_t results, int repeats
) {
    const Space space(problem.parameters);
    std::vector<double> times;
    for (int repeat = 0; repeat < repeats; ++repeat) {
        const auto seed = static_cast<std::uint64_t>(repeat);
        Evidence evidence;
        for (std::size_t i = 0; i < results; ++i) {
            Assignment params = search::suggest(space, {}, {search::Sampler::random, seed, i});
            Rng noise(key_of(seed, i));
            const double loss = problem.measure(params, noise).observed;
            evidence.finished.push_back({std::move(params), loss});
        }
        const double start = cpu_ms();
        const Assignment next = search::suggest(space, evidence, {sampler, seed, results});
        times.push_back(next.empty() ? 0 : cpu_ms() - start);
    }
    return quantile(times, 0.5);
}

double quantile(std::vector<double> values, double q) {
    if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
    std::sort(values.begin(), values.end());
    const double place = q * static_cast<double>(values.size() - 1);
    const auto low = static_cast<std::size_t>(place);
    const std::size_t high = std::min(low + 1, values.size() - 1);
    return values[low] + (place - static_cast<double>(low)) * (values[high] - values[low]);
}

}  // namespace bw::bench
