// Properties that hold of every searcher.
#include "sweeps/search/suggest.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "sweeps/quantile.h"
#include "sweeps/search/observed.h"
#include "tests/sweeps/search/axes_fixture.h"

namespace bw::search {
namespace {

using sweeps::Distribution;

double bowl(const Assignment& params) {
    const double dropout = number_at(params, "dropout") - 0.2;
    const double layers = number_at(params, "layers") - 6;
    return dropout * dropout + 0.01 * layers * layers +
           (text_at(params, "schedule") == "cosine" ? 0 : 0.3);
}

std::string named_by_sampler(const testing::TestParamInfo<Sampler>& instance) {
    return std::string(name_of(instance.param));
}

class EachSampler : public testing::TestWithParam<Sampler> {};

INSTANTIATE_TEST_SUITE_P(
    Suggest,
    EachSampler,
    testing::Values(Sampler::random, Sampler::sobol, Sampler::tpe, Sampler::gp),
    named_by_sampler
);

TEST_P(EachSampler, IsAFunctionOfSeedOrdinalAndResults) {
    const Space space(mixed_parameters());
    const Evidence evidence = evidence_from(space, 20, bowl);
    const Request request{GetParam(), 3, 20};
    const Assignment first = suggest(space, evidence, request);
    EXPECT_EQ(first, suggest(space, evidence, request));
    EXPECT_NE(first, suggest(space, evidence, {GetParam(), 4, 20}));
    EXPECT_NE(first, suggest(space, evidence, {GetParam(), 3, 21}));
}

TEST_P(EachSampler, StaysInsideTheSpaceAndFinite) {
    const Space space(mixed_parameters());
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
        Evidence evidence = evidence_from(space, 2 + 4 * seed, bowl);
        const Assignment params = suggest(space, evidence, {GetParam(), seed, seed});
        const auto coords = space.encode(params);
        ASSERT_TRUE(coords);
        for (const double x : *coords) EXPECT_TRUE(std::isfinite(x));
        EXPECT_GE(number_at(params, "dropout"), 0);
        EXPECT_LE(number_at(params, "dropout"), 0.6);
        EXPECT_GE(number_at(params, "layers"), 2);
        EXPECT_LE(number_at(params, "layers"), 12);
        EXPECT_TRUE(std::isfinite(number_at(params, "bias")));
    }
}

TEST_P(EachSampler, SurvivesEnormousEqualAndMissingResults) {
    const Space space(mixed_parameters());
    Evidence evidence = evidence_from(space, 12, [](const Assignment&) { return 1e308; });
    evidence.finished[0].loss = -1e308;
    evidence.finished[1].loss = std::numeric_limits<double>::quiet_NaN();
    evidence.finished[2].params.clear();
    EXPECT_TRUE(space.encode(suggest(space, evidence, {GetParam(), 1, 12})));
    Evidence equal = evidence_from(space, 12, [](const Assignment&) { return 5.0; });
    EXPECT_TRUE(space.encode(suggest(space, equal, {GetParam(), 1, 12})));
}

TEST_P(EachSampler, ManyEqualSingleCallsThatSeeTheOthersAsPending) {
    const Space space(mixed_parameters());
    Evidence evidence = evidence_from(space, 12, bowl);
    const auto many = suggest_many(space, evidence, {GetParam(), 9, 12}, 4);
    for (std::size_t i = 0; i < many.size(); ++i) {
        EXPECT_EQ(many[i], suggest(space, evidence, {GetParam(), 9, 12 + i}));
        evidence.pending.push_back(many[i]);
    }
}

class EachModelled : public testing::TestWithParam<Sampler> {};

INSTANTIATE_TEST_SUITE_P(
    Suggest,
    EachModelled,
    testing::Values(Sampler::sobol, Sampler::tpe, Sampler::gp),
    named_by_sampler
);

TEST_P(EachModelled, PendingPointsAreAvoided) {
    const Space space(mixed_parameters());
    Evidence evidence = evidence_from(space, 15, bowl);
    evidence.pending = suggest_many(space, evidence, {GetParam(), 2, 15}, 6);
    const Observed observed = observed_in(space, evidence);
    const auto next = space.encode(suggest(space, evidence, {GetParam(), 2, 21}));
    ASSERT_TRUE(next);
    EXPECT_FALSE(is_taken(space, observed, *next));
}

TEST_P(EachModelled, ASmallSpaceIsVisitedCompletelyBeforeAnyPointRepeats) {
    const std::vector<sweeps::Parameter> parameters = {
        bounded("layers", Distribution::int_uniform, 1, 4),
        listed("schedule", {text("constant"), text("linear"), text("cosine")})};
    const Space space(parameters);
    Evidence evidence;
    std::set<std::string> seen;
    for (std::uint64_t i = 0; i < 12; ++i) {
        Assignment params = suggest(space, evidence, {GetParam(), 4, i});
        seen.insert(sweeps::to_json(sweeps::Value{params}));
        const double loss = number_at(params, "layers");
        evidence.finished.push_back({std::move(params), loss});
    }
    EXPECT_EQ(seen.size(), 12u);
    EXPECT_TRUE(space.encode(suggest(space, evidence, {GetParam(), 4, 12})));
}

TEST_P(EachModelled, MaximisingTheNegatedMetricSuggestsTheSame) {
    const Space space(mixed_parameters());
    std::vector<RunRecord> low, high;
    for (const Observation& result : evidence_from(space, 20, bowl).finished) {
        low.push_back({RunState::finished, {result.loss}, std::nullopt, result.params});
        high.push_back({RunState::finished, {-result.loss}, std::nullopt, result.params});
    }
    const sweeps::Metric minimise = metric_with(Goal::minimize, "worst");
    const sweeps::Metric maximise = metric_with(Goal::maximize, "worst");
    const Request request{GetParam(), 6, 20};
    EXPECT_EQ(
        suggest(space, evidence_of(minimise, low, Valueless::worst), request),
        suggest(space, evidence_of(maximise, high, Valueless::worst), request)
    );
}

double ks_distance(std::vector<double> u) {
    std::sort(u.begin(), u.end());
    const auto n = static_cast<double>(u.size());
    double worst = 0;
    for (std::size_t i = 0; i < u.size(); ++i) {
        const auto rank = static_cast<double>(i);
        worst = std::max({worst, u[i] - rank / n, (rank + 1) / n - u[i]});
    }
    return worst;
}

TEST(Random, DrawsFollowTheDistributions) {
    const Space space(mixed_parameters());
    std::vector<double> dropout, bias;
    std::map<std::string, int> schedules;
    std::map<double, int> batches;
    constexpr int kDraws = 4000;
    for (std::uint64_t i = 0; i < kDraws; ++i) {
        const Assignment params = suggest(space, {}, {Sampler::random, 1, i});
        dropout.push_back(number_at(params, "dropout") / 0.6);
        bias.push_back(0.5 * std::erfc(-(number_at(params, "bias") - 4) / 2 / std::sqrt(2.0)));
        ++schedules[text_at(params, "schedule")];
        ++batches[number_at(params, "batch")];
    }
    EXPECT_LT(ks_distance(dropout), 0.031);  // the critical value at alpha = 0.001
    EXPECT_LT(ks_distance(bias), 0.031);
    double chi2 = 0;
    for (const auto& [name, count] : schedules)
        chi2 += std::pow(count - kDraws / 3.0, 2) / (kDraws / 3.0);
    EXPECT_LT(chi2, 13.8);
    EXPECT_NEAR(batches[8], kDraws * 0.5, 4 * std::sqrt(kDraws * 0.25));
}

TEST(Random, ProbabilitiesAreHeld) {
    sweeps::Parameter p = listed("c", {text("a"), text("b"), text("c")});
    p.distribution = Distribution::categorical_w_probabilities;
    p.probabilities = {0.2, 0.3, 0.5};
    const std::vector<sweeps::Parameter> parameters = {p};
    const Space space(parameters);
    for (const Sampler sampler : {Sampler::random, Sampler::sobol}) {
        std::map<std::string, double> counts;
        for (std::uint64_t i = 0; i < 5000; ++i)
            ++counts[text_at(suggest(space, {}, {sampler, 2, i}), "c")];
        const double chi2 = std::pow(counts["a"] - 1000, 2) / 1000 +
                            std::pow(counts["b"] - 1500, 2) / 1500 +
                            std::pow(counts["c"] - 2500, 2) / 2500;
        EXPECT_LT(chi2, 13.8) << name_of(sampler);
    }
}

}  // namespace
}  // namespace bw::search
