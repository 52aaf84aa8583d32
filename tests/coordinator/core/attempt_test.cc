// The life of an attempt: ranks end, peers are stopped, the job ends, waits or goes back to the
// queue.
#include <cmath>

#include "world_fixture.h"

#include "coordinator/core/limits.h"

namespace bw::core {
namespace {

SweepText two_ranks() { return {.points = 1, .world_size = 2}; }

TEST(Attempt, AGangIsStartedWithItsPlanAndParameters) {
    World w;
    w.agent("a", 2);
    w.submit({.points = 1, .world_size = 2, .batch_size = 50});
    const auto starts = w.take<StartRanks>();
    ASSERT_EQ(starts.size(), 1u);
    EXPECT_EQ(starts[0].ranks.size(), 2u);
    EXPECT_EQ(starts[0].plan, (plan::Plan{50, 2, 32, 25, 1}));
    EXPECT_EQ(starts[0].params_json, w.job(1).params_json);
    EXPECT_EQ(starts[0].bn, "ghost");
    EXPECT_EQ(starts[0].resume_path, "");
}

TEST(Attempt, GhostGroupsAreNoLargerThanTheBatch) {
    World w;
    w.agent("a", 1);
    w.submit({.points = 1, .batch_size = 20});
    const auto starts = w.take<StartRanks>();
    ASSERT_EQ(starts.size(), 1u);
    EXPECT_EQ(starts[0].plan, (plan::Plan{20, 1, 20, 20, 1}));
}

TEST(Attempt, OtherBatchNormPoliciesNeedNoGroups) {
    World w;
    w.agent("a", 1);
    SweepText sweep{.points = 1, .batch_size = 50};
    sweep.options = "  bn: micro_batch\n  micro_batch: 20\n";
    w.submit(sweep);
    const auto starts = w.take<StartRanks>();
    ASSERT_EQ(starts.size(), 1u);
    EXPECT_EQ(starts[0].bn, "micro_batch");
    EXPECT_EQ(starts[0].plan, (plan::Plan{50, 1, 0, 17, 3}));
}

TEST(Attempt, TheStoreIsMadeKnownToTheAgentsOfOtherRanksOnly) {
    World w;
    const AgentId a = w.agent("a", 1);
    const AgentId b = w.agent("b", 1);
    w.submit(two_ranks());
    const Placed p = w.expect_started({1});
    w.store_opened(p, 4711);
    const auto sent = w.take<SendRendezvous>();
    ASSERT_EQ(sent.size(), 1u);
    EXPECT_EQ(sent[0].agent, b);
    EXPECT_NE(sent[0].agent, a);
    EXPECT_EQ(sent[0].host, "10.0.0.1");
    EXPECT_EQ(sent[0].port, 4711);
    w.store_opened(p, 4711);
    EXPECT_TRUE(w.last_events.empty()) << "said twice, noted once";
}

TEST(Attempt, AJobFinishesWhenAllItsRanksHave) {
    World w;
    w.agent("a", 2);
    w.submit(two_ranks());
    const Placed p = w.expect_started({1});
    w.running(p);
    EXPECT_EQ(w.state_of(1), JobState::running);
    w.ended(p, 1, RankOutcome::finished);
    EXPECT_EQ(w.state_of(1), JobState::running);
    w.ended(p, 0, RankOutcome::finished);
    EXPECT_EQ(w.state_of(1), JobState::finished);
    w.ignore_effects();
}

TEST(Attempt, TheResultIsRankZeros) {
    World w;
    w.agent("a", 2);
    w.submit(two_ranks());
    w.finished(w.expect_started({1}));
    ASSERT_TRUE(w.job(1).result.has_value());
    EXPECT_EQ(w.job(1).result->weights_sha256, "abc");
    w.ignore_effects();
}

TEST(Attempt, WhenOneRankDiesTheOthersAreKilled) {
    World w;
    w.agent("a", 1);
    const AgentId b = w.agent("b", 1);
    w.submit(two_ranks());
    const Placed p = w.expect_started({1});
    w.ended(p, 0, RankOutcome::died, "SIGKILL");
    const auto stops = w.take<StopRanks>();
    ASSERT_EQ(stops.size(), 1u);
    EXPECT_EQ(stops[0].agent, b);
    EXPECT_EQ(stops[0].kind, StopKind::kill);
    w.ended(p, 1, RankOutcome::died, "SIGKILL");
    EXPECT_EQ(w.expect_started({1}).attempt, 2u)
        << "a death from outside starts the next attempt at once";
    EXPECT_EQ(w.job(1).retries_used, 0);
}

TEST(Attempt, TheNextAttemptResumesFromTheNewestAcceptedCheckpoint) {
    World w;
    w.agent("a", 1);
    w.submit({});
    const Placed p = w.expect_started({1});
    w.running(p);
    w.checkpoint(p, 20);
    w.checkpoint(p, 40);
    w.checkpoint(p, 40);
    const auto confirmed = w.take<ConfirmCheckpoint>();
    ASSERT_EQ(confirmed.size(), 2u);
    EXPECT_EQ(confirmed[1].step, 40);
    w.ended(p, 0, RankOutcome::died, "SIGSEGV");
    const auto starts = w.take<StartRanks>();
    ASSERT_EQ(starts.size(), 1u);
    EXPECT_EQ(starts[0].attempt, 2u);
    EXPECT_EQ(starts[0].resume_path, "/state/40");
}

TEST(Attempt, ACheckpointOfAnEarlierAttemptIsNotAccepted) {
    World w;
    const AgentId a = w.agent("a", 1);
    w.submit({});
    const Placed first = w.expect_started({1});
    w.ended(first, 0, RankOutcome::died);
    w.expect_started({1});
    w.report(a, CheckpointAccepted{first.job, first.attempt, {.step = 60, .path = "/old"}});
    EXPECT_TRUE(w.last_events.empty());
    EXPECT_FALSE(w.job(1).checkpoint.has_value());
}

TEST(Attempt, ReportsOfAnEarlierEpochAreIgnored) {
    World w;
    const AgentId a = w.agent("a", 1);
    const std::uint64_t old_epoch = w.state.agents.at(a).epoch;
    w.submit({});
    w.expect_started({1});
    w.agent("a", 1);  // started anew
    const Placed second = w.expect_started({1});
    AgentReport late{.agent = a, .epoch = old_epoch, .fact = end_of(second)};
    w.give(late);
    EXPECT_TRUE(w.last_events.empty());
    late.fact = CheckpointAccepted{second.job, second.attempt, {.step = 9, .path = "/x"}};
    w.give(late);
    EXPECT_TRUE(w.last_events.empty());
}

TEST(Attempt, ARankEndsOnce) {
    World w;
    w.agent("a", 2);
    w.submit(two_ranks());
    const Placed p = w.expect_started({1});
    w.ended(p, 1, RankOutcome::finished);
    w.ended(p, 1, RankOutcome::failed, "late and wrong");
    EXPECT_TRUE(w.last_events.empty());
    w.report({1}, end_of(p, 7));  // there is no such rank
    EXPECT_TRUE(w.last_events.empty());
    w.ended(p, 0, RankOutcome::finished);
    EXPECT_EQ(w.state_of(1), JobState::finished);
    w.ignore_effects();
}

TEST(Attempt, OnlyTheRanksOwnAgentCanEndIt) {
    World w;
    w.agent("a", 1);
    const AgentId b = w.agent("b", 1);
    w.submit({});
    const Placed p = w.expect_started({1});
    w.report(b, end_of(p));
    EXPECT_TRUE(w.last_events.empty());
    EXPECT_EQ(w.state_of(1), JobState::starting);
}

TEST(Attempt, EpochsAreKeptOncePerEpochAndTheNewestRunWins) {
    World w;
    const AgentId a = w.agent("a", 1);
    w.submit({});
    const Placed p = w.expect_started({1});
    const auto epoch = [&](const Placed& of, int number, double loss) {
        w.report(
            a,
            EpochMeasured{
                of.job, of.attempt, number, 10, {{"test_loss", loss}, {"bad", std::nan("")}}}
        );
    };
    epoch(p, 1, 0.5);
    epoch(p, 0, 0.9);
    epoch(p, 0, 0.9);
    EXPECT_TRUE(w.last_events.empty()) << "the same values again are no news";
    w.ended(p, 0, RankOutcome::died);
    epoch(w.expect_started({1}), 1, 0.4);
    ASSERT_EQ(w.job(1).epochs.size(), 2u);
    EXPECT_EQ(w.job(1).epochs[0].epoch, 0);
    EXPECT_EQ(w.job(1).epochs[1].values, (std::map<std::string, double>{{"test_loss", 0.4}}));
}

TEST(Attempt, StoppedByItsAgentItGoesBackToTheQueue) {
    World w;
    w.agent("a", 1);
    w.submit({});
    const Placed p = w.expect_started({1});
    w.running(p);
    w.checkpoint(p, 10);
    w.ended(p, 0, RankOutcome::stopped);
    EXPECT_EQ(w.expect_started({1}).attempt, 2u);
    EXPECT_EQ(w.job(1).attempts[1].resume->step, 10);
    EXPECT_EQ(w.job(1).retries_used, 0);
    w.ignore_effects();
}

// As the first release wrote them: without a word on what becomes of the job.
struct Request {
    StopKind kind;
    RankOutcome outcome;
    JobState expected;
};

class AttemptRequest : public testing::TestWithParam<Request> {};

TEST_P(AttemptRequest, DecidesWhatBecomesOfTheJob) {
    World w;
    w.agent("a", 1);
    w.submit({});
    const Placed p = w.expect_started({1});
    const Event stopping = AttemptStopping{p.job, p.attempt, GetParam().kind, "asked to"};
    core::apply(w.state, stopping);
    w.log.push_back(stopping);
    EXPECT_EQ(effects_of(w.state, stopping).size(), 1u);
    w.ended(p, 0, GetParam().outcome);
    EXPECT_EQ(w.state_of(1), GetParam().expected);
    EXPECT_EQ(w.job(1).attempts.front().stop_reason, "asked to");
    w.ignore_effects();
}

INSTANTIATE_TEST_SUITE_P(
    All,
    AttemptRequest,
    testing::Values(
        Request{StopKind::preempt, RankOutcome::stopped, JobState::starting},  // its second attempt
        Request{StopKind::preempt, RankOutcome::finished, JobState::finished},
        Request{StopKind::cancel, RankOutcome::stopped, JobState::cancelled},
        Request{StopKind::cancel, RankOutcome::died, JobState::cancelled},
        Request{StopKind::cancel, RankOutcome::finished, JobState::finished}
    )
);

}  // namespace
}  // namespace bw::core
