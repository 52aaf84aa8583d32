#include "coordinator/results/leaderboard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/results/results.h"
#include "tests/coordinator/results/small_sweep.h"

namespace bw::results {
namespace {

nlohmann::json small_results() {
    const test::SmallSweep small;
    return results_json(small.state, small.sweep(), {});
}

sweeps::Metric metric(const std::string& name, bool maximize) {
    sweeps::Metric made;
    made.name = name;
    made.maximize = maximize;
    return made;
}

std::vector<std::uint64_t> ordinals(const std::vector<LeaderboardRow>& rows) {
    std::vector<std::uint64_t> order;
    for (const auto& row : rows) order.push_back(row.ordinal);
    return order;
}

TEST(Leaderboard, TheBestTestAccuracyComesFirstAndFailuresLast) {
    // Point 3 was never evaluated, point 2 failed.
    EXPECT_EQ(
        ordinals(leaderboard(small_results(), std::nullopt)),
        (std::vector<std::uint64_t>{1, 0, 3, 2})
    );
}

TEST(Leaderboard, TheSweepsMetricDecides) {
    const sweeps::Metric worst = metric("train_loss", true);
    EXPECT_EQ(
        ordinals(leaderboard(small_results(), worst)), (std::vector<std::uint64_t>{3, 0, 1, 2})
    );
    const sweeps::Metric least = metric("train_loss", false);
    EXPECT_EQ(
        ordinals(leaderboard(small_results(), least)), (std::vector<std::uint64_t>{1, 0, 3, 2})
    );
}

TEST(Leaderboard, AMetricThatNobodyMeasuresFallsBackToTestAccuracy) {
    const sweeps::Metric unknown = metric("f1", false);
    EXPECT_EQ(
        ordinals(leaderboard(small_results(), unknown)), (std::vector<std::uint64_t>{1, 0, 3, 2})
    );
}

TEST(Leaderboard, TheTextShowsWhatDiffersInAlignedColumns) {
    EXPECT_EQ(
        leaderboard_text(small_results(), std::nullopt),
        "rank  point  learning_rate     model  test_accuracy  test_loss  train_loss  samples/s  "
        "attempts  state\n"
        "   1      1           0.01       cnn         0.8750     0.3750      0.2500       2000     "
        "    1  finished\n"
        "   2      0            0.1       cnn         0.7500     0.6250      0.5000       1000     "
        "    2  finished\n"
        "   3      3            0.1  lenet_bn              -          -      0.7500          -     "
        "    1  finished\n"
        "   4      2          1e+30       cnn              -          -           -          -     "
        "    1  failed\n"
        "point 2 failed: loss is nan at step 2\n"
    );
}

TEST(Leaderboard, ALongOneIsCut) {
    nlohmann::json results = small_results();
    const nlohmann::json point = results["points"][0];
    for (std::uint64_t ordinal = 4; ordinal < 104; ++ordinal) {
        results["points"].push_back(point);
        results["points"].back()["ordinal"] = ordinal;
        results["points"].back()["params"]["note"] = std::string(200, 'x');
    }
    const std::string text = leaderboard_text(results, std::nullopt);
    EXPECT_THAT(text, testing::HasSubstr("and 84 more in results.json"));
    EXPECT_LT(text.find('\n'), 140u);
}

TEST(Leaderboard, ASweepWithoutPointsSaysSo) {
    nlohmann::json results = small_results();
    results["points"] = nlohmann::json::array();
    EXPECT_EQ(leaderboard_text(results, std::nullopt), "no points\n");
}

}  // namespace
}  // namespace bw::results
