// Lost work: what an attempt had made beyond the checkpoint from which the job goes on, booked by
// cause when the next attempt runs; and everything, when the job ends without success.
#include "world_fixture.h"

namespace bw::core {
namespace {

AttemptRunning run_of(const Placed& p, std::int64_t step, std::vector<LostWork> lost) {
    AttemptRunning fact;
    fact.job = p.job;
    fact.attempt = p.attempt;
    fact.step = step;
    fact.total_steps = 100;
    fact.lost = std::move(lost);
    return fact;
}

AgentId agent_of(const World& w, const Placed& p) {
    return w.job(p.job.value).attempts.at(p.attempt - 1).ranks.front().slot.agent;
}

TEST(LostWork, IsBookedInDeviceTimeUnderTheCauseOfTheAttemptThatLostIt) {
    World w;
    w.agent("a", 2);
    w.submit({.points = 1, .world_size = 2});
    const Placed first = w.expect_started({1});
    w.running(first);
    w.checkpoint(first, 10);
    w.ended(first, 1, RankOutcome::died, "SIGKILL");
    w.ended(first, 0, RankOutcome::failed, "connection closed");
    const auto starts = w.take<StartRanks>();
    ASSERT_EQ(starts.size(), 1u);
    EXPECT_EQ(starts[0].account_from, 1u);
    const Placed second{{1}, 2};
    w.report(agent_of(w, second), run_of(second, 10, {{1, 4, seconds(3), ""}}));
    const LostTime expected{{"died", seconds(6)}};
    EXPECT_EQ(w.job(1).lost, expected) << "two ranks lost three seconds each";
    EXPECT_EQ(w.state.sweeps.at({1}).lost, expected);
    EXPECT_EQ(w.job(1).attempts[0].lost_steps, 4);
    w.ignore_effects();
}

TEST(LostWork, OfAnAttemptThatWasNeverHeardToRunIsNotForgotten) {
    World w;
    w.agent("a", 1);
    w.submit({});
    const Placed first = w.expect_started({1});
    w.running(first);
    w.ended(first, 0, RankOutcome::died);
    const Placed second = w.expect_started({1});
    w.ended(second, 0, RankOutcome::failed, "disk full");  // it trained, but nobody heard
    w.pass(seconds(60));
    const auto starts = w.take<StartRanks>();
    ASSERT_EQ(starts.size(), 1u);
    EXPECT_EQ(starts[0].account_from, 1u);
    const Placed third{{1}, 3};
    w.report(
        agent_of(w, third), run_of(third, 0, {{1, 4, seconds(3), ""}, {2, 2, seconds(1), "x"}})
    );
    EXPECT_EQ(w.job(1).lost, (LostTime{{"died", seconds(3)}, {"failed", seconds(1)}}));
    w.ended(third, 0, RankOutcome::died);
    const auto next = w.take<StartRanks>();
    ASSERT_EQ(next.size(), 1u);
    EXPECT_EQ(next[0].account_from, 3u) << "the first two are accounted for";
    w.ignore_effects();
}

TEST(LostWork, IsBookedOnceWhateverAnAgentSays) {
    World w;
    w.agent("a", 1);
    w.submit({});
    for (int i = 0; i < 2; ++i) {
        const Placed p = w.expect_started({1});
        w.running(p);
        w.ended(p, 0, RankOutcome::died);
    }
    const Placed third = w.expect_started({1});
    const std::vector<LostWork> said = {
        {1, 9, seconds(9), ""},  // accounted for by the second attempt
        {2, 2, seconds(1), ""},
        {2, 2, seconds(1), ""},
        {3, 5, seconds(5), ""},  // itself
        {8, 5, seconds(5), ""},
        {2, 1, {-1}, ""}};
    w.report(agent_of(w, third), run_of(third, 0, said));
    w.report(agent_of(w, third), run_of(third, 0, said));
    EXPECT_EQ(w.job(1).lost, (LostTime{{"died", seconds(1)}}));
    w.ignore_effects();
}

TEST(LostWork, AJobThatFailsHasLostEverything) {
    World w;
    w.agent("a", 1);
    w.submit({});
    const Placed first = w.expect_started({1});
    w.running(first);
    w.pass(seconds(7));
    w.ended(first, 0, RankOutcome::died);
    const Placed second = w.expect_started({1});
    w.report(agent_of(w, second), run_of(second, 0, {{1, 4, seconds(5), ""}}));
    w.pass(seconds(2));
    w.failed_for_good(second, 0, "loss is NaN");
    EXPECT_EQ(w.job(1).lost, (LostTime{{"died", seconds(5)}, {"failed", seconds(4)}}));
    w.ignore_effects();
}

TEST(LostWork, OfAJobThatRunsAgainIsOnlyWhatItsCheckpointLacks) {
    World w;
    w.agent("a", 1);
    w.submit({});
    const Placed first = w.expect_started({1});
    w.running(first);
    w.checkpoint(first, 10);
    w.pass(seconds(7));
    w.give(CancelJobs{{.sweep = {1}, .jobs = {}}});
    w.ended(first, 0, RankOutcome::stopped);
    EXPECT_EQ(w.state.sweeps.at({1}).lost, (LostTime{{"cancelled", seconds(7)}}));
    w.ignore_effects();
    w.give(RetryJobs{{.sweep = {1}, .jobs = {}}});
    EXPECT_TRUE(w.state.sweeps.at({1}).lost.empty());
    const Placed second = w.expect_started({1});
    w.report(agent_of(w, second), run_of(second, 10, {{1, 1, seconds(2), ""}}));
    EXPECT_EQ(w.job(1).lost, (LostTime{{"stopped", seconds(2)}}));
    w.ignore_effects();
}

}  // namespace
}  // namespace bw::core
