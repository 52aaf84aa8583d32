// The bayes rows of W&B's statistical conformance cases, with their pass counts; the quadratic and
// the gap of the squiggle with 20 of 20.
#include <algorithm>
#include <cmath>
#include <functional>

#include <gtest/gtest.h>

#include "base/rng.h"
#include "sweeps/search/history.h"
#include "sweeps/search/suggest.h"
#include "tests/sweeps/search/axes_fixture.h"

namespace bw::search {
namespace {

using sweeps::Distribution;
using Objective = std::function<double(const Assignment&)>;

constexpr std::uint64_t kSeeds = 20;

std::vector<sweeps::Parameter> cube(std::size_t axes, double min, double max) {
    std::vector<sweeps::Parameter> parameters;
    for (std::size_t i = 0; i < axes; ++i)
        parameters.push_back(bounded("x" + std::to_string(i), Distribution::uniform, min, max));
    return parameters;
}

Assignment all_at(std::size_t axes, double x) {
    Assignment params;
    for (std::size_t i = 0; i < axes; ++i) params.emplace_back("x" + std::to_string(i), number(x));
    return params;
}

double best_after(
    const Space& space,
    const std::vector<Assignment>& start,
    const Objective& objective,
    std::uint64_t seed,
    std::size_t count
) {
    Evidence evidence;
    for (const Assignment& params : start) evidence.finished.push_back({params, objective(params)});
    for (std::size_t i = 0; i < count; ++i) {
        Assignment params = suggest(space, evidence, {Sampler::gp, seed, start.size() + i});
        const double loss = objective(params);
        evidence.finished.push_back({std::move(params), loss});
    }
    double best = evidence.finished.front().loss;
    for (const Observation& result : evidence.finished) best = std::min(best, result.loss);
    return best;
}

double squiggle(double x) {
    return std::exp(-(x - 2) * (x - 2)) + std::exp(-(x - 6) * (x - 6) / 10) + 1 / (x * x + 1);
}

TEST(Convergence, QuadraticInSixSuggestions) {
    const Space space(cube(1, 0, 1));
    const std::vector<Assignment> start = {all_at(1, 0), all_at(1, 1)};
    const Objective objective = [](const Assignment& p) {
        return std::pow(number_at(p, "x0") - 0.3, 2);
    };
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed)
        EXPECT_LE(best_after(space, start, objective, seed, 6), 0.001) << seed;
}

TEST(Convergence, MaximumOfTheSquiggleInEightSuggestions) {
    const Space space(cube(1, 0, 5));
    const std::vector<Assignment> start = {all_at(1, 0), all_at(1, 5)};
    const Objective objective = [](const Assignment& p) { return -squiggle(number_at(p, "x0")); };
    int passed = 0;
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed)
        passed += best_after(space, start, objective, seed, 8) <= -1.3 ? 1 : 0;
    EXPECT_GE(passed, 18);
}

TEST(Convergence, TheGapBetweenTheResultsIsExplored) {
    const Space space(cube(1, 0, 5));
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
        Rng rng(seed);
        Evidence evidence;
        for (int i = 0; i < 400; ++i) {
            const double x = rng.uniform() + (i < 200 ? 0 : 4);
            evidence.finished.push_back({all_at(1, x), squiggle(x)});
        }
        const double next = number_at(suggest(space, evidence, {Sampler::gp, seed, 400}), "x0");
        EXPECT_GT(next, 1) << seed;
        EXPECT_LT(next, 4) << seed;
    }
}

TEST(Convergence, RosenbrockInThreeDimensionsInTwentySuggestions) {
    const Space space(cube(3, 0, 2));
    const std::vector<Assignment> start = {all_at(3, 0), all_at(3, 2)};
    const Objective objective = [](const Assignment& p) {
        double sum = 0;
        for (int i = 0; i < 2; ++i) {
            const double x = number_at(p, "x" + std::to_string(i));
            const double y = number_at(p, "x" + std::to_string(i + 1));
            sum += std::pow(y - x * x, 2) + std::pow(1 - x, 2);
        }
        return sum;
    };
    int passed = 0;
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed)
        passed += best_after(space, start, objective, seed, 20) <= 0.3 ? 1 : 0;
    EXPECT_GE(passed, 17);
}

// Failed runs are imputed with their best value, whose trend leads to the upper end.
TEST(Convergence, ImputedFailuresLeadOn) {
    const Space space(cube(1, 0, 1));
    const std::vector<std::pair<double, double>> failures = {
        {0.2, 8}, {0.4, 6}, {0.6, 4}, {0.8, 2}, {0.9, 1}};
    const sweeps::Metric metric = metric_with(Goal::minimize, "best");
    int passed = 0;
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
        std::vector<RunRecord> runs;
        for (const auto& [x, best] : failures)
            runs.push_back({RunState::failed, {10, best, 10}, std::nullopt, all_at(1, x)});
        double highest = 0;
        for (std::uint64_t i = 0; i < 5; ++i) {
            const Evidence evidence = evidence_of(metric, runs, Valueless::worst);
            const Assignment params = suggest(space, evidence, {Sampler::gp, seed, 5 + i});
            const double x = number_at(params, "x0");
            highest = std::max(highest, x);
            runs.push_back({RunState::failed, {10, 10 - 10 * x}, std::nullopt, params});
        }
        passed += highest >= 0.999 ? 1 : 0;
    }
    EXPECT_GE(passed, 17);
}

TEST(Convergence, WithoutASignalSuggestionsStaySpread) {
    const Space space(cube(1, 0, 1));
    Evidence evidence;
    std::vector<double> drawn;
    for (std::uint64_t i = 0; i < 100; ++i) {
        Assignment params = suggest(space, evidence, {Sampler::gp, 1, i});
        drawn.push_back(number_at(params, "x0"));
        evidence.finished.push_back({std::move(params), 0});
    }
    std::sort(drawn.begin(), drawn.end());
    for (std::size_t i = 0; i < drawn.size(); ++i)
        EXPECT_NEAR(drawn[i], static_cast<double>(i) / 100, 0.195);
}

}  // namespace
}  // namespace bw::search
