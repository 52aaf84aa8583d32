#include "sweeps/search/stopping.h"

#include <limits>

#include <gtest/gtest.h>

namespace bw::search {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(MedianRule, EndsAJobWhoseBestIsWorseThanTheOthersMedianMean) {
    const std::vector<History> others = {{4, 2}, {6, 4, 1}, {8, 6}};  // means at 2: 3, 5, 7
    const MedianRule rule{.min_iter = 2, .min_jobs = 3};
    EXPECT_TRUE(is_below_median(rule, {9, 5.5}, others));
    EXPECT_FALSE(is_below_median(rule, {9, 4.5}, others));
    EXPECT_FALSE(is_below_median(rule, {9, 5}, others)) << "a tie survives";
}

TEST(MedianRule, WaitsForReportsAndForOtherJobs) {
    const std::vector<History> others = {{4, 2}, {6, 4}, {8}};
    EXPECT_FALSE(is_below_median({.min_iter = 3, .min_jobs = 2}, {9, 9}, others));
    EXPECT_FALSE(is_below_median({.min_iter = 1, .min_jobs = 3}, {9, 9}, others));
    EXPECT_TRUE(is_below_median({.min_iter = 1, .min_jobs = 2}, {9, 9}, others));
}

TEST(MedianRule, LeavesOutWhatIsNotFinite) {
    const std::vector<History> others = {{kNan, 2}, {kNan, kNan}, {4, kInfinity}};
    const MedianRule rule{.min_iter = 1, .min_jobs = 2};
    EXPECT_TRUE(is_below_median(rule, {kNan, 3.5}, others));  // medians of 2 and 4
    EXPECT_FALSE(is_below_median(rule, {kNan, 2.5}, others));
    EXPECT_TRUE(is_below_median(rule, {kNan, kNan}, others)) << "never finite: worse than any";
}

TEST(Patience, RunsOutAfterSoManyReportsWithoutAnImprovement) {
    const PatienceRule rule{.reports = 3, .min_delta = 0};
    EXPECT_FALSE(has_stalled(rule, {}));
    EXPECT_FALSE(has_stalled(rule, {5, 4, 4, 4}));
    EXPECT_TRUE(has_stalled(rule, {5, 4, 4, 4, 4}));
    EXPECT_TRUE(has_stalled(rule, {5, 4, kNan, kNan, 6}));
    EXPECT_FALSE(has_stalled(rule, {5, 4, 4, 4, 3.9}));
}

TEST(Patience, AnImprovementMustBeLargerThanTheDelta) {
    EXPECT_TRUE(has_stalled({.reports = 2, .min_delta = 0.5}, {5, 4.7, 4.6}));
    EXPECT_FALSE(has_stalled({.reports = 2, .min_delta = 0.5}, {5, 4.7, 4.4}));
}

TEST(Target, IsReachedAtTheFirstReportThatIsAsLow) {
    EXPECT_EQ(reached_at(1.0, {3, kNan, 1, 0}), 3u);
    EXPECT_EQ(reached_at(-1.0, {3, 1, 0}), std::nullopt);
    EXPECT_EQ(reached_at(1.0, {-kInfinity}), std::nullopt);
}

TEST(NotFinite, EachPolicyHasItsPatience) {
    EXPECT_TRUE(must_stop(NotFinite::stops, {1, kNan}));
    EXPECT_FALSE(must_stop(NotFinite::stops, {1, 2}));
    EXPECT_FALSE(must_stop(NotFinite::counts, {kNan, kInfinity, 1, kNan}));
    EXPECT_TRUE(must_stop(NotFinite::counts, {1, kNan, kInfinity, kNan}));
    EXPECT_FALSE(must_stop(NotFinite::passes, {kNan, kNan, kNan, kNan}));
}

}  // namespace
}  // namespace bw::search
