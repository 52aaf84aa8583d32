#include "sweeps/search/history.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "tests/sweeps/search/axes_fixture.h"

namespace bw::search {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

RunRecord run_of(RunState state, std::vector<double> history) {
    return {state, std::move(history), std::nullopt, {{"a", number(0.5)}}};
}

std::vector<double> losses_of(const Evidence& evidence) {
    std::vector<double> losses;
    for (const Observation& observation : evidence.finished) losses.push_back(observation.loss);
    return losses;
}

using Losses = std::vector<double>;

TEST(History, AFinishedRunCountsItsBestValueOfHistoryAndSummary) {
    RunRecord run = run_of(RunState::finished, {4, kNan, 3, 5});
    run.summary = 2.5;
    const std::vector<RunRecord> runs = {run};
    EXPECT_EQ(
        losses_of(evidence_of(metric_with(Goal::minimize, "worst"), runs, Valueless::zero)),
        Losses{2.5}
    );
    EXPECT_EQ(
        losses_of(evidence_of(metric_with(Goal::maximize, "worst"), runs, Valueless::zero)),
        Losses{-5}
    );
}

TEST(History, AFailedRunIsImputedWithTheWorstOfAllByDefault) {
    const std::vector<RunRecord> runs = {
        run_of(RunState::finished, {3, 2}),
        run_of(RunState::finished, {9, 7}),
        run_of(RunState::failed, {1})};
    EXPECT_EQ(
        losses_of(evidence_of(metric_with(Goal::minimize, "worst"), runs, Valueless::zero)),
        (Losses{2, 7, 9})
    );
}

TEST(History, LatestAndBestTakeTheRunsOwnValues) {
    RunRecord run = run_of(RunState::crashed, {5, 1, kNan, 3});
    run.summary = 0.5;
    const std::vector<RunRecord> runs = {run};
    sweeps::Metric metric = metric_with(Goal::minimize, "latest");
    EXPECT_EQ(losses_of(evidence_of(metric, runs, Valueless::zero)), Losses{3});
    metric.impute = "best";
    EXPECT_EQ(losses_of(evidence_of(metric, runs, Valueless::zero)), Losses{0.5});
}

TEST(History, RunsUnderWayArePendingUnlessTheyAreImputed) {
    const std::vector<RunRecord> runs = {
        run_of(RunState::running, {1, 4, 2}),
        run_of(RunState::pending, {}),
        run_of(RunState::preempted, {7})};
    sweeps::Metric metric = metric_with(Goal::maximize, "worst");
    EXPECT_EQ(evidence_of(metric, runs, Valueless::zero).pending.size(), 3u);
    metric.impute_while_running = "best";
    const Evidence evidence = evidence_of(metric, runs, Valueless::zero);
    EXPECT_EQ(losses_of(evidence), Losses{-4});
    EXPECT_EQ(evidence.pending.size(), 2u);
}

TEST(History, ARunWithoutAnyValueIsZeroToWandbAndTheWorstToUs) {
    const std::vector<RunRecord> runs = {
        run_of(RunState::finished, {3, 2}), run_of(RunState::finished, {kNan})};
    const sweeps::Metric metric = metric_with(Goal::minimize, "best");
    EXPECT_EQ(losses_of(evidence_of(metric, runs, Valueless::zero)), (Losses{2, 0}));
    EXPECT_EQ(losses_of(evidence_of(metric, runs, Valueless::worst)), (Losses{2, 3}));
    const std::vector<RunRecord> nothing = {run_of(RunState::failed, {})};
    EXPECT_TRUE(evidence_of(metric, nothing, Valueless::worst).finished.empty());
}

}  // namespace
}  // namespace bw::search
