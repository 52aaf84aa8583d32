// Failures: which of them is the cause, whether another attempt helps, and when.
#include <cstring>

#include "world_fixture.h"

#include "coordinator/core/limits.h"

namespace bw::core {
namespace {

SweepText with_retries(int retries, int world_size = 1) {
    SweepText sweep{.points = 1, .world_size = world_size};
    sweep.options = "  retries: " + std::to_string(retries) + "\n";
    return sweep;
}

TEST(Retry, AFailureThatNothingHelpsEndsTheJobAtOnce) {
    World w;
    w.agent("a", 1);
    w.submit(with_retries(3));
    w.failed_for_good(w.expect_started({1}), 0, "loss is NaN at step 7");
    EXPECT_EQ(w.state_of(1), JobState::failed);
    EXPECT_EQ(w.job(1).reason, "rank 0 failed: loss is NaN at step 7");
    w.ignore_effects();
}

TEST(Retry, WhatARankFoundToFitNowhereIsRefusedAndNotTriedAgain) {
    World w;
    w.agent("a", 1);
    w.submit(with_retries(3));
    w.ended(w.expect_started({1}), 0, RankOutcome::refused, "needs 2 GiB, the limit is 1 GiB");
    EXPECT_EQ(w.state_of(1), JobState::refused);
    EXPECT_EQ(w.job(1).reason, "needs 2 GiB, the limit is 1 GiB");
    w.ignore_effects();
}

TEST(Retry, AFailureIsTriedAgainWithExponentialBackOffUntilRetriesAreUsedUp) {
    World w;
    w.agent("a", 1);
    w.pass(kAgentsSettle);
    w.submit(with_retries(3));
    Duration expected = kRetryDelayFirst;
    for (int retry = 1; retry <= 3; ++retry) {
        w.ended(w.expect_started({1}), 0, RankOutcome::failed, "disk full");
        EXPECT_EQ(w.state_of(1), JobState::waiting_retry);
        EXPECT_EQ(w.job(1).retries_used, retry);
        EXPECT_EQ(next_timer(w.state), w.now + expected);
        w.pass({expected.ns - 1});
        w.expect_nothing_started();
        w.pass({1});
        expected.ns *= 2;
    }
    w.ended(w.expect_started({1}), 0, RankOutcome::failed, "disk full");
    EXPECT_EQ(w.state_of(1), JobState::failed);
    EXPECT_EQ(w.job(1).reason, "rank 0 failed: disk full (after 3 retries)");
    EXPECT_EQ(next_timer(w.state), std::nullopt);
    w.ignore_effects();
}

TEST(Retry, TheBackOffHasAnUpperBound) {
    World w;
    w.agent("a", 1);
    w.submit(with_retries(40));
    for (int retry = 0; retry < 40; ++retry) {
        w.ended(w.expect_started({1}), 0, RankOutcome::failed);
        EXPECT_LE(*next_timer(w.state), w.now + kRetryDelayMax);
        w.pass(kRetryDelayMax);
    }
    w.ignore_effects();
}

TEST(Retry, AJobWhoseTimeHasComeButHasNoSlotIsQueuedAndSetsNoTimer) {
    World w;
    w.agent("a", 1);
    w.pass(kAgentsSettle);
    w.submit({.points = 2});
    w.ended(w.expect_started({1}), 0, RankOutcome::failed, "disk full");
    const Placed other = w.expect_started({2});
    w.pass(kRetryDelayFirst);
    EXPECT_EQ(w.state_of(1), JobState::queued);
    EXPECT_EQ(next_timer(w.state), std::nullopt) << "or the shell would spin";
    w.finished(other);
    EXPECT_EQ(w.expect_started({1}).attempt, 2u);
}

TEST(Retry, AWaitingJobDoesNotHoldUpTheQueue) {
    World w;
    w.agent("a", 1);
    w.submit({.points = 2});
    w.ended(w.expect_started({1}), 0, RankOutcome::failed);
    w.expect_started({2});
}

TEST(Retry, StaleAttemptCannotFinishAJob) {
    World w;
    const AgentId a = w.agent("a", 1);
    w.submit({});
    const Placed first = w.expect_started({1});
    w.ended(first, 0, RankOutcome::failed);
    RankEnded late = end_of(first);
    late.result.emplace();
    w.report(a, late);
    EXPECT_EQ(w.state_of(1), JobState::waiting_retry);
}

struct CauseCase {
    const char* name;
    std::vector<RankEnded> in_order;
    const char* reason;
};

RankEnded end(int rank, RankOutcome outcome, bool retry, const char* reason) {
    RankEnded ended;
    ended.rank = rank;
    ended.outcome = outcome;
    ended.retry = retry;
    ended.reason = reason;
    return ended;
}

class RetryCause : public testing::TestWithParam<CauseCase> {};

TEST_P(RetryCause, IsTheReasonOfTheRankThatFailedFirstNotOfItsPeers) {
    World w;
    const AgentId a = w.agent("a", 3);
    w.submit(with_retries(0, 3));
    const Placed p = w.expect_started({1});
    for (RankEnded fact : GetParam().in_order) {
        fact.job = p.job;
        fact.attempt = p.attempt;
        w.report(a, fact);
    }
    EXPECT_EQ(w.job(1).reason.substr(0, std::strlen(GetParam().reason)), GetParam().reason);
    w.ignore_effects();
}

INSTANTIATE_TEST_SUITE_P(
    All,
    RetryCause,
    testing::Values(
        CauseCase{
            "first_failed",
            {end(1, RankOutcome::failed, true, "disk full"),
             end(0, RankOutcome::failed, true, "connection closed"),
             end(2, RankOutcome::died, true, "SIGKILL")},
            "rank 1 failed: disk full"},
        CauseCase{
            "for_good",
            {end(2, RankOutcome::failed, true, "connection closed"),
             end(1, RankOutcome::failed, true, "connection closed"),
             end(0, RankOutcome::failed, false, "train-images is truncated")},
            "rank 0 failed: train-images is truncated"},
        CauseCase{
            "all_for_good",
            {end(2, RankOutcome::failed, false, "loss is NaN"),
             end(0, RankOutcome::failed, false, "loss is NaN"),
             end(1, RankOutcome::failed, false, "loss is NaN")},
            "rank 2 failed: loss is NaN"}
    ),
    [](const auto& test) { return test.param.name; }
);

TEST(Retry, ADeathBeforeAnyoneWasToldToStopIsTheCauseAndNoRetryIsUsed) {
    World w;
    w.agent("a", 2);
    w.submit(with_retries(0, 2));
    const Placed p = w.expect_started({1});
    w.ended(p, 1, RankOutcome::died, "SIGKILL");
    w.ended(p, 0, RankOutcome::failed, "connection closed by peer");
    EXPECT_EQ(w.expect_started({1}).attempt, 2u);
    w.ignore_effects();
}

TEST(Retry, APeerKilledAfterAFailureIsNotTheCause) {
    World w;
    w.agent("a", 2);
    w.submit(with_retries(0, 2));
    const Placed p = w.expect_started({1});
    w.ended(p, 1, RankOutcome::failed, "out of memory");
    w.ended(p, 0, RankOutcome::died, "SIGKILL");
    EXPECT_EQ(w.state_of(1), JobState::failed);
    EXPECT_EQ(w.job(1).reason, "rank 1 failed: out of memory (after 0 retries)");
    w.ignore_effects();
}

TEST(Retry, AJobThatDiesAgainAndAgainBeforeItTrainsFails) {
    World w;
    w.agent("a", 1);
    w.submit({});
    for (int i = 0; i < kDeathsWithoutProgressMax; ++i) {
        EXPECT_EQ(w.state_of(1), JobState::starting);
        w.ended(w.expect_started({1}), 0, RankOutcome::died, "SIGSEGV");
    }
    EXPECT_EQ(w.state_of(1), JobState::failed);
    EXPECT_EQ(w.job(1).reason, "rank 0 died: SIGSEGV (the last 5 attempts died without progress)");
    w.ignore_effects();
}

TEST(Retry, AJobThatCrashesWhileItTrainsHasMoreAttemptsButNotForEver) {
    World w;
    w.agent("a", 1);
    w.submit({});
    for (int i = 0; i < kDeathsWhileTrainingMax; ++i) {
        EXPECT_FALSE(is_terminal(w.state_of(1))) << "attempt " << i;
        const Placed p = w.expect_started({1});
        w.running(p);
        w.ended(p, 0, RankOutcome::died, "SIGSEGV");
    }
    EXPECT_EQ(w.state_of(1), JobState::failed);
    w.ignore_effects();
}

TEST(Retry, ANewerCheckpointIsProgress) {
    World w;
    w.agent("a", 1);
    w.submit({});
    for (int i = 1; i <= 3 * kDeathsWhileTrainingMax; ++i) {
        const Placed p = w.expect_started({1});
        w.running(p);
        w.checkpoint(p, i);
        w.ended(p, 0, RankOutcome::died, "SIGKILL");
    }
    EXPECT_FALSE(is_terminal(w.state_of(1)));
    w.ignore_effects();
}

TEST(Retry, LosingAgentsNeverMakesAJobFail) {
    World w;
    w.agent("a", 1);
    w.submit({});
    for (int i = 0; i < 3 * kDeathsWhileTrainingMax; ++i) {
        w.expect_started({1});
        w.agent("a", 1);  // killed with everything on it, and started again
    }
    EXPECT_EQ(w.state_of(1), JobState::starting);
    w.ignore_effects();
}

}  // namespace
}  // namespace bw::core
