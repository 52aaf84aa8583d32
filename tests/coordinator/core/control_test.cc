// What people ask for: pause, resume, cancel, run again.
#include <gmock/gmock.h>

#include "world_fixture.h"

#include "coordinator/core/limits.h"

namespace bw::core {
namespace {

using testing::Contains;
using testing::HasSubstr;

const Selection kSweep{.sweep = {1}, .jobs = {}};

Selection job(std::uint64_t id) { return {.sweep = {1}, .jobs = {{id}}}; }

// One job that runs on `ranks` slots, past a checkpoint at step 10.
Placed start_running(World& w, int ranks = 1) {
    w.agent("a", 4);
    w.submit({.points = 1, .world_size = ranks});
    const Placed p = w.expect_started({1});
    w.running(p);
    w.checkpoint(p, 10);
    w.ignore_effects();
    return p;
}

StopKind only_stop(World& w) {
    const auto stops = w.take<StopRanks>();
    EXPECT_EQ(stops.size(), 1u);
    return stops.empty() ? StopKind::kill : stops.front().kind;
}

// ---- pause and resume

TEST(Pause, ARunningJobIsPreemptedThenWaitsAndResumesFromItsNewestCheckpoint) {
    World w;
    const Placed p = start_running(w, 2);
    w.give(PauseJobs{kSweep});
    EXPECT_EQ(only_stop(w), StopKind::preempt);
    EXPECT_EQ(w.state_of(1), JobState::preempting);
    w.checkpoint(p, 17);
    w.ignore_effects();
    w.ended(p, 1, RankOutcome::stopped);
    EXPECT_EQ(w.state_of(1), JobState::preempting);
    w.ended(p, 0, RankOutcome::stopped);
    EXPECT_EQ(w.state_of(1), JobState::paused);
    EXPECT_THAT(w.explain(1), Contains(HasSubstr("not-paused: is paused: paused on request")));
    w.pass(seconds(1000));
    w.expect_nothing_started();
    w.give(ResumeJobs{kSweep});
    EXPECT_EQ(w.expect_started({1}).attempt, 2u);
    EXPECT_EQ(w.job(1).attempts[1].resume->step, 17);
    EXPECT_EQ(w.job(1).retries_used, 0);
    EXPECT_TRUE(w.job(1).lost.empty());
}

TEST(Pause, WhatWaitsIsPausedAtOnceAndPointsToComeAreBornPaused) {
    World w;
    w.submit({.points = 200});
    const std::size_t there = w.state.jobs.size();
    w.give(PauseJobs{kSweep});
    for (const auto& [id, record] : w.state.jobs) EXPECT_EQ(record.state, JobState::paused);
    for (std::uint64_t id = 1; id <= there; ++id) w.give(CancelJobs{job(id)});
    ASSERT_GT(w.state.jobs.size(), there);
    EXPECT_EQ(w.state_of(there + 1), JobState::paused);
    w.agent("a", 4);
    w.expect_nothing_started();
    w.give(ResumeJobs{kSweep});
    EXPECT_EQ(w.take<StartRanks>().size(), 4u);
}

TEST(Pause, AJobThatWaitsForItsRetryIsPausedAtOnce) {
    World w;
    w.agent("a", 1);
    w.pass(kAgentsSettle);
    w.submit({.points = 1, .options = "  retries: 3\n"});
    w.ended(w.expect_started({1}), 0, RankOutcome::failed, "disk full");
    ASSERT_EQ(w.state_of(1), JobState::waiting_retry);
    w.give(PauseJobs{job(1)});
    EXPECT_EQ(w.state_of(1), JobState::paused);
    EXPECT_EQ(next_timer(w.state), std::nullopt);
    w.give(ResumeJobs{job(1)});
    EXPECT_EQ(w.expect_started({1}).attempt, 2u);
    w.ignore_effects();
}

TEST(Pause, AJobThatFinishesInsteadOfStoppingHasFinished) {
    World w;
    const Placed p = start_running(w);
    w.give(PauseJobs{kSweep});
    w.finished(p);
    EXPECT_EQ(w.state_of(1), JobState::finished);
    EXPECT_TRUE(w.state.sweeps.at({1}).ended);
    w.ignore_effects();
}

TEST(Pause, ARankThatDiesMeanwhileUsesUpNoRetryAndItsPeersAreKilled) {
    World w;
    const Placed p = start_running(w, 2);
    w.give(PauseJobs{kSweep});
    w.take<StopRanks>();
    w.ended(p, 1, RankOutcome::died, "killed after its grace");
    EXPECT_EQ(only_stop(w), StopKind::kill);
    w.ended(p, 0, RankOutcome::died);
    EXPECT_EQ(w.state_of(1), JobState::paused);
    EXPECT_EQ(w.job(1).retries_used, 0);
}

TEST(Pause, OfAGangThatIsBeingKilledKeepsKillingIt) {
    World w;
    const Placed p = start_running(w, 2);
    w.ended(p, 1, RankOutcome::died, "SIGKILL");
    w.ignore_effects();
    w.give(PauseJobs{kSweep});
    EXPECT_EQ(only_stop(w), StopKind::kill);
    w.ended(p, 0, RankOutcome::died);
    EXPECT_EQ(w.state_of(1), JobState::paused);
}

TEST(Pause, WhatCannotWorkFailsAlsoWhileItIsPaused) {
    World w;
    const Placed p = start_running(w);
    w.give(PauseJobs{kSweep});
    w.failed_for_good(p, 0, "loss is NaN");
    EXPECT_EQ(w.state_of(1), JobState::failed);
    w.ignore_effects();
}

TEST(Pause, ASecondRequestChangesNothing) {
    World w;
    start_running(w);
    w.give(PauseJobs{kSweep});
    w.give(PauseJobs{kSweep});
    EXPECT_EQ(w.last(), "");
    w.ignore_effects();
}

TEST(Resume, BeforeTheRanksHaveStoppedTheJobGoesBackToTheQueueAfterwards) {
    World w;
    const Placed p = start_running(w);
    w.give(PauseJobs{kSweep});
    w.give(ResumeJobs{kSweep, 2});
    w.ended(p, 0, RankOutcome::stopped);
    EXPECT_EQ(w.expect_started({1}).attempt, 2u);
    EXPECT_EQ(w.job(1).attempts[1].plan.world_size, 2);
    w.ignore_effects();
}

TEST(Resume, AtAnotherWorldSizeTheGangHasThatManySlotsFromThenOn) {
    World w;
    const Placed p = start_running(w, 1);
    w.give(PauseJobs{kSweep});
    w.ended(p, 0, RankOutcome::stopped);
    w.give(ResumeJobs{kSweep, 4});
    const Placed wide = w.expect_started({1});
    EXPECT_EQ(w.job(1).attempts[1].ranks.size(), 4u);
    EXPECT_EQ(w.job(1).attempts[1].plan.global_batch, w.job(1).attempts[0].plan.global_batch);
    w.ended(wide, 3, RankOutcome::died);
    for (int rank = 0; rank < 3; ++rank) w.ended(wide, rank, RankOutcome::died);
    w.expect_started({1});
    EXPECT_EQ(w.job(1).attempts[2].ranks.size(), 4u) << "also after a death";
    w.ignore_effects();
}

TEST(Resume, AtAnImpossibleWorldSizeTheJobStaysPausedAndTheClientIsToldWhy) {
    World w;
    const Placed p = start_running(w);
    w.give(PauseJobs{kSweep});
    w.ended(p, 0, RankOutcome::stopped);
    const ResumeJobs five{kSweep, 5};  // 128 samples are four groups
    ASSERT_TRUE(why_not(w.state, five).has_value());
    EXPECT_THAT(*why_not(w.state, five), HasSubstr("point 0 cannot run on 5 slots: "));
    w.give(five);
    EXPECT_EQ(w.state_of(1), JobState::paused);
    EXPECT_EQ(w.job(1).world_size, 0);
    EXPECT_EQ(why_not(w.state, ResumeJobs{kSweep, -1}), "a world size is 1 or more");
    EXPECT_EQ(why_not(w.state, ResumeJobs{kSweep, 4}), std::nullopt);
    w.ignore_effects();
}

TEST(Resume, PlainBatchNormTiesTheJobToItsWorldSize) {
    World w;
    w.submit({.points = 1, .options = "  bn: micro_batch\n"});
    w.give(PauseJobs{kSweep});
    EXPECT_THAT(*why_not(w.state, ResumeJobs{kSweep, 2}), HasSubstr("bn: micro_batch"));
    EXPECT_EQ(why_not(w.state, ResumeJobs{kSweep, 1}), std::nullopt);
}

TEST(Resume, PointsToComeRunAtTheNewWorldSizeToo) {
    World w;
    w.submit({.points = 200});
    w.give(PauseJobs{kSweep});
    w.give(ResumeJobs{kSweep, 2});
    const std::size_t there = w.state.jobs.size();
    for (std::uint64_t id = 1; id <= there; ++id) w.give(CancelJobs{job(id)});
    ASSERT_GT(w.state.jobs.size(), there);
    EXPECT_EQ(w.job(there + 1).world_size, 2);
}

TEST(Resume, WhatIsNotPausedIsLeftAlone) {
    World w;
    start_running(w);
    EXPECT_EQ(why_not(w.state, ResumeJobs{kSweep}), "nothing of the sweep is paused");
    w.give(ResumeJobs{kSweep});
    EXPECT_EQ(w.last(), "");
}

// ---- cancel

TEST(Cancel, ARunningGangStopsWithoutACheckpointAndTheRestEndsAtOnce) {
    World w;
    w.agent("a", 1);
    w.submit({.points = 3});
    const Placed p = w.expect_started({1});
    w.running(p);
    w.give(PauseJobs{job(3)});
    w.give(CancelJobs{kSweep});
    EXPECT_EQ(only_stop(w), StopKind::cancel);
    EXPECT_EQ(w.state_of(2), JobState::cancelled);
    EXPECT_EQ(w.state_of(3), JobState::cancelled);
    w.ended(p, 0, RankOutcome::stopped);
    EXPECT_EQ(w.state_of(1), JobState::cancelled);
    EXPECT_EQ(w.job(1).reason, "cancelled on request");
    EXPECT_TRUE(w.state.sweeps.at({1}).ended);
    w.ignore_effects();
}

TEST(Cancel, WinsOverAPause) {
    World w;
    const Placed p = start_running(w);
    w.give(PauseJobs{kSweep});
    w.take<StopRanks>();
    w.give(CancelJobs{kSweep});
    EXPECT_EQ(only_stop(w), StopKind::cancel);
    w.give(PauseJobs{kSweep});
    EXPECT_EQ(w.last(), "") << "not the other way round";
    w.ended(p, 0, RankOutcome::stopped);
    EXPECT_EQ(w.state_of(1), JobState::cancelled);
    w.ignore_effects();
}

TEST(Cancel, AWholeSweepSuggestsNoMorePoints) {
    World w;
    w.submit({.points = 1000});
    w.give(CancelJobs{kSweep});
    EXPECT_LT(w.state.jobs.size(), 1000u);
    EXPECT_TRUE(w.state.sweeps.at({1}).ended);
    EXPECT_FALSE(next_timer(w.state).has_value());
    EXPECT_EQ(why_not(w.state, CancelJobs{kSweep}), "the sweep has ended");
    w.ignore_effects();
}

TEST(Cancel, WhatFinishesFirstHasFinished) {
    World w;
    const Placed p = start_running(w);
    w.give(CancelJobs{kSweep});
    w.finished(p);
    EXPECT_EQ(w.state_of(1), JobState::finished);
    w.ignore_effects();
}

TEST(Cancel, OfAnotherSweepsJobDoesNothing) {
    World w;
    w.submit({.points = 1});
    w.submit({.points = 1, .batch_size = 64});
    EXPECT_EQ(why_not(w.state, CancelJobs{job(2)}), "sweep 1 has no job 2");
    w.give(CancelJobs{job(2)});
    EXPECT_EQ(w.last(), "");
    EXPECT_EQ(why_not(w.state, CancelJobs{Selection{{7}, {}}}), "there is no sweep 7");
}

// ---- run again

TEST(RunAgain, AFailedJobIsQueuedWithAllRetriesFromItsNewestCheckpointAndTheSweepIsOpenAgain) {
    World w;
    const Placed p = start_running(w);
    w.failed_for_good(p, 0, "loss is NaN");
    ASSERT_TRUE(w.state.sweeps.at({1}).ended);
    w.ignore_effects();
    w.give(RetryJobs{kSweep});
    EXPECT_EQ(w.take<WithdrawResults>().size(), 1u);
    EXPECT_FALSE(w.state.sweeps.at({1}).ended);
    const Placed again = w.expect_started({1});
    EXPECT_EQ(w.job(1).attempts[1].resume->step, 10);
    EXPECT_EQ(w.job(1).retries_used, 0);
    w.running(again, 10);
    w.finished(again);
    EXPECT_EQ(w.state_of(1), JobState::finished);
    EXPECT_EQ(w.take<AnnounceSweepEnded>().size(), 1u);
}

TEST(RunAgain, OldDeathsNoLongerCount) {
    World w;
    w.agent("a", 1);
    w.submit({});
    const auto die = [&w] { w.ended(w.expect_started({1}), 0, RankOutcome::died, "SIGKILL"); };
    for (int i = 0; i < 5; ++i) die();
    ASSERT_EQ(w.state_of(1), JobState::failed);
    w.give(RetryJobs{kSweep});
    for (int i = 0; i < 4; ++i) die();
    EXPECT_EQ(w.state_of(1), JobState::starting);
    die();
    EXPECT_EQ(w.state_of(1), JobState::failed);
    w.ignore_effects();
}

TEST(RunAgain, ACancelledSweepSuggestsItsRemainingPointsAsWell) {
    World w;
    w.submit({.points = 100});
    w.give(CancelJobs{kSweep});
    ASSERT_LT(w.state.jobs.size(), 100u);
    w.give(RetryJobs{kSweep});
    w.agent("a", 100);
    EXPECT_EQ(w.state.jobs.size(), 100u);
    EXPECT_EQ(w.take<StartRanks>().size(), 100u);
    w.ignore_effects();
}

TEST(RunAgain, OneJobOfACancelledSweepBringsNoOthers) {
    World w;
    w.submit({.points = 100});
    w.give(CancelJobs{kSweep});
    w.give(RetryJobs{job(3)});
    w.agent("a", 100);
    EXPECT_EQ(w.take<StartRanks>().size(), 1u);
    w.ignore_effects();
}

TEST(RunAgain, WhatFinishedOrCanNeverRunStaysAsItIs) {
    World w;
    const Placed p = start_running(w);
    w.finished(p);
    // One group of more than 24 samples is more than a micro-batch may hold.
    const std::string mostly_impossible =
        "method: random\nrun_cap: 60\nparameters: {model: {value: lenet_bn}, dataset: {value: "
        "fashion_mnist}, batch_size: {distribution: q_uniform, min: 24, max: 48, q: 1}}\n"
        "batchwright: {micro_batch: 24}\n";
    w.give(SubmitSweep{.file_name = "b.yaml", .text = mostly_impossible});
    Selection refused{.sweep = {2}, .jobs = {}};
    for (const auto& [id, record] : w.state.jobs) {
        if (record.state == JobState::refused) refused.jobs.push_back(id);
    }
    ASSERT_FALSE(refused.jobs.empty());
    w.ignore_effects();
    w.give(RetryJobs{kSweep});
    EXPECT_EQ(w.last(), "");
    w.give(RetryJobs{refused});
    EXPECT_EQ(w.last(), "");
    EXPECT_TRUE(why_not(w.state, RetryJobs{kSweep}).has_value());
    EXPECT_TRUE(why_not(w.state, RetryJobs{refused}).has_value());
}

}  // namespace
}  // namespace bw::core
