// Jobs and searches that end before their end: hyperband, rungs, median, patience, target, bounds.
#include <gmock/gmock.h>

#include "world_fixture.h"

namespace bw::core {
namespace {

using testing::Contains;
using testing::HasSubstr;

std::string grid(int seeds, const std::string& top, const std::string& options = "") {
    std::string list;
    for (int i = 0; i < seeds; ++i) list += (i == 0 ? "" : ", ") + std::to_string(i);
    return "method: grid\nmetric: {name: test_accuracy, goal: maximize}\n" + top +
           "parameters:\n  model: {value: cnn}\n  seed: {values: [" + list +
           "]}\nbatchwright:\n  world_size: 1\n" + options;
}

std::vector<Placed> start(World& w, int jobs) {
    std::vector<Placed> placed;
    for (int id = 1; id <= jobs; ++id) {
        placed.push_back(w.expect_started({static_cast<std::uint64_t>(id)}));
        w.running(placed.back());
    }
    return placed;
}

void says(World& w, const Placed& p, int epoch, double accuracy) {
    w.measured(p, epoch, {{"test_accuracy", accuracy}, {"test_loss", 1 - accuracy}});
}

// The attempt stops at an agreed step, after a checkpoint there.
void stops_at(World& w, const Placed& p, std::int64_t step) {
    w.checkpoint(p, step);
    w.ended(p, 0, RankOutcome::stopped);
    w.take<ConfirmCheckpoint>();
}

TEST(Hyperband, TheWorseOfTwoStopsAtItsBandAndCountsAsNoFailure) {
    World w;
    w.agent("a", 2);
    w.submit_text(grid(2, "early_terminate: {type: hyperband, min_iter: 1, eta: 3}\n"));
    const auto jobs = start(w, 2);
    says(w, jobs[0], 0, 0.5);
    EXPECT_TRUE(w.take<StopRanks>().empty()) << "nobody to compare with";
    says(w, jobs[1], 0, 0.8);
    const auto stops = w.take<StopRanks>();
    ASSERT_EQ(stops.size(), 1u);
    EXPECT_EQ(stops.front().job, JobId{1}) << "the thresholds moved: the other one is asked again";
    EXPECT_EQ(stops.front().kind, StopKind::cancel);
    w.ended(jobs[0], 0, RankOutcome::stopped);
    EXPECT_EQ(w.state_of(1), JobState::stopped);
    EXPECT_THAT(w.job(1).reason, HasSubstr("behind at band 1: test_accuracy 0.5, needed"));
    EXPECT_TRUE(w.job(1).lost.empty()) << "what it has shown is not lost work";
    w.finished(jobs[1]);
    EXPECT_TRUE(w.state.sweeps.at({1}).ended);
    w.ignore_effects();
}

TEST(Hyperband, AJobThatIsKilledWhileItIsToldToStopIsStoppedAllTheSame) {
    World w;
    w.agent("a", 2);
    w.submit_text(grid(2, "early_terminate: {type: hyperband, min_iter: 1}\n"));
    const auto jobs = start(w, 2);
    says(w, jobs[0], 0, 0.9);
    says(w, jobs[1], 0, 0.2);
    w.ended(jobs[1], 0, RankOutcome::died, "signal 9");
    EXPECT_EQ(w.state_of(2), JobState::stopped);
    w.ignore_effects();
}

TEST(Hyperband, OneThatFinishesBeforeItIsStoppedHasFinished) {
    World w;
    w.agent("a", 2);
    w.submit_text(grid(2, "early_terminate: {type: hyperband, min_iter: 1}\n"));
    const auto jobs = start(w, 2);
    says(w, jobs[0], 0, 0.9);
    says(w, jobs[1], 0, 0.2);
    w.finished(jobs[1]);
    EXPECT_EQ(w.state_of(2), JobState::finished);
    w.ignore_effects();
}

const char* const kAsha = "  stopper: {type: asha, min_iter: 1, eta: 2}\n";

TEST(Asha, TheWorseHalfWaitsAtTheRungAndTheBestOfThemGoOnFromTheirCheckpoints) {
    World w;
    w.agent("a", 1);
    w.submit_text(grid(3, "", kAsha));
    Placed first = w.expect_started({1});
    w.running(first);
    says(w, first, 0, 0.7);
    EXPECT_EQ(w.take<StopRanks>().front().kind, StopKind::preempt) << "1 of 1 is no half";
    EXPECT_THAT(w.explain(1), Contains(HasSubstr("waits at rung 1: test_accuracy 0.7")));
    stops_at(w, first, 11);
    EXPECT_EQ(w.state_of(1), JobState::paused);
    EXPECT_TRUE(w.job(1).held);

    const Placed second = w.expect_started({2});
    w.running(second);
    says(w, second, 0, 0.4);
    EXPECT_EQ(w.take<StopRanks>().size(), 1u);
    stops_at(w, second, 11);
    // Two have reached the rung, so the better of them goes on, before the third begins.
    const Placed again = w.expect_started({1});
    EXPECT_EQ(again.attempt, 2u);
    EXPECT_EQ(w.job(1).attempts[1].resume->step, 11);
    EXPECT_EQ(w.state_of(3), JobState::queued);
    w.running(again, 11);
    says(w, again, 1, 0.8);
    EXPECT_EQ(w.take<StopRanks>().size(), 1u) << "alone at rung 2";
    stops_at(w, again, 21);

    const Placed third = w.expect_started({3});
    w.running(third);
    says(w, third, 0, 0.3);
    EXPECT_EQ(w.take<StopRanks>().size(), 1u);
    stops_at(w, third, 11);
    // No job can come any more: the best of the highest rung goes on to its end.
    const Placed last = w.expect_started({1});
    w.running(last, 21);
    w.finished(last);
    EXPECT_EQ(w.state_of(1), JobState::finished);
    EXPECT_EQ(w.state_of(2), JobState::stopped);
    EXPECT_EQ(w.state_of(3), JobState::stopped);
    EXPECT_THAT(w.job(2).reason, HasSubstr("not promoted from rung 1"));
    EXPECT_TRUE(w.state.sweeps.at({1}).ended);
    w.ignore_effects();
}

TEST(Asha, WhoIsAmongTheBestGoesOnWithoutAStop) {
    World w;
    w.agent("a", 2);
    w.submit_text(grid(3, "", kAsha));
    const auto jobs = start(w, 2);
    says(w, jobs[0], 0, 0.3);
    EXPECT_EQ(w.take<StopRanks>().size(), 1u);
    says(w, jobs[1], 0, 0.9);
    EXPECT_TRUE(w.take<StopRanks>().empty());
    w.ignore_effects();
}

TEST(Asha, APersonsPauseAndResumeLeaveTheRungsAlone) {
    World w;
    w.agent("a", 1);
    w.submit_text(grid(3, "", kAsha));
    Placed first = w.expect_started({1});
    w.running(first);
    says(w, first, 0, 0.7);
    w.take<StopRanks>();
    stops_at(w, first, 11);
    w.give(PauseJobs{{.sweep = {1}, .jobs = {}}});
    w.give(ResumeJobs{{.sweep = {1}, .jobs = {}}});
    EXPECT_TRUE(w.job(1).held) << "only its search brings it on";
    EXPECT_EQ(w.state_of(1), JobState::paused);
    w.ignore_effects();
}

TEST(Asha, AJobThatDiesOnItsWayToTheRungIsHeldWithItsOldCheckpoint) {
    World w;
    w.agent("a", 1);
    w.submit_text(grid(2, "", kAsha));
    Placed first = w.expect_started({1});
    w.running(first);
    w.checkpoint(first, 10);
    says(w, first, 0, 0.7);
    w.ignore_effects();
    w.ended(first, 0, RankOutcome::died, "signal 9");
    EXPECT_TRUE(w.job(1).held);
    EXPECT_EQ(w.job(1).checkpoint->step, 10);
    w.ignore_effects();
}

TEST(Median, WhoIsWorseThanTheMedianOfTheOthersStops) {
    World w;
    w.agent("a", 4);
    w.submit_text(grid(4, "", "  stopper: {type: median, min_iter: 1, min_jobs: 3}\n"));
    const auto jobs = start(w, 4);
    for (int i = 0; i < 3; ++i) says(w, jobs[static_cast<std::size_t>(i)], 0, 0.8);
    EXPECT_TRUE(w.take<StopRanks>().empty());
    says(w, jobs[3], 0, 0.1);
    EXPECT_EQ(w.take<StopRanks>().size(), 1u);
    EXPECT_THAT(w.explain(4), Contains(HasSubstr("worse than the median")));
    w.ignore_effects();
}

TEST(Patience, WhoStandsStillStops) {
    World w;
    w.agent("a", 1);
    w.submit_text(grid(1, "", "  stopper: {type: patience, reports: 2}\n"));
    const auto jobs = start(w, 1);
    says(w, jobs[0], 0, 0.5);
    says(w, jobs[0], 1, 0.4);
    EXPECT_TRUE(w.take<StopRanks>().empty());
    says(w, jobs[0], 2, 0.5);
    EXPECT_EQ(w.take<StopRanks>().size(), 1u);
    w.ended(jobs[0], 0, RankOutcome::stopped);
    EXPECT_THAT(w.job(1).reason, HasSubstr("no improvement in the last 2 reports"));
    w.ignore_effects();
}

TEST(Target, WhatRunsFinishesAndNothingNewStarts) {
    World w;
    w.agent("a", 2);
    w.submit_text(
        "method: grid\nmetric: {name: test_accuracy, goal: maximize, target: 0.9}\n"
        "parameters:\n  model: {value: cnn}\n  seed: {values: [0, 1, 2, 3]}\n"
    );
    const auto jobs = start(w, 2);
    says(w, jobs[0], 0, 0.95);
    EXPECT_TRUE(w.take<StopRanks>().empty());
    EXPECT_EQ(w.state_of(3), JobState::stopped);
    EXPECT_EQ(w.state_of(4), JobState::stopped);
    EXPECT_THAT(w.job(3).reason, HasSubstr("point 0 reached the target: test_accuracy 0.95"));
    w.finished(jobs[0]);
    w.finished(jobs[1]);
    EXPECT_TRUE(w.state.sweeps.at({1}).ended);
    w.ignore_effects();
}

TEST(Bounds, AfterSoManyFailuresNothingNewStarts) {
    World w;
    w.agent("a", 1);
    w.submit_text(grid(3, "", "  max_failures: 1\n"));
    const auto jobs = start(w, 1);
    w.failed_for_good(jobs[0], 0, "no data");
    EXPECT_EQ(w.state_of(2), JobState::stopped);
    EXPECT_THAT(w.state.sweeps.at({1}).search_end, HasSubstr("1 job has failed"));
    EXPECT_TRUE(w.state.sweeps.at({1}).ended);
    w.ignore_effects();
}

TEST(Bounds, DeviceHoursThatAreUsedUpEndTheSearch) {
    World w;
    w.agent("a", 2);
    w.submit_text(grid(4, "", "  budget: {device_hours: 1}\n"));
    const auto jobs = start(w, 2);
    w.now = w.now + seconds(1900);  // on two slots
    w.finished(jobs[0]);
    EXPECT_EQ(w.state_of(3), JobState::stopped);
    EXPECT_EQ(w.state_of(2), JobState::running) << "what runs goes on";
    w.finished(jobs[1]);
    EXPECT_TRUE(w.state.sweeps.at({1}).ended);
    w.ignore_effects();
}

TEST(Bounds, ABudgetOfJobsIsACap) {
    World w;
    w.agent("a", 8);
    w.submit_text(grid(4, "", "  budget: {jobs: 2}\n"));
    EXPECT_EQ(w.state.jobs.size(), 2u);
    w.submit_text(grid(4, "", "  budget: {jobs: 3}\n"));
    EXPECT_EQ(w.state.jobs.size(), 3u) << "raised, it goes on";
    w.ignore_effects();
}

}  // namespace
}  // namespace bw::core
