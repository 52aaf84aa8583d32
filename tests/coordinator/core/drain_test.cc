// Agents that are emptied, leave, and are offered again.
#include <gmock/gmock.h>

#include "world_fixture.h"

namespace bw::core {
namespace {

using testing::Contains;
using testing::HasSubstr;

TEST(Drain, WhatRunsThereIsPreemptedAndGoesOnElsewhereWithoutARetry) {
    World w;
    const AgentId a = w.agent("a", 1);
    const AgentId b = w.agent("b", 1);
    w.submit({});
    const Placed p = w.expect_started({1});
    w.running(p);
    w.give(DrainAgent{a, 0, "maintenance"});
    const auto stops = w.take<StopRanks>();
    ASSERT_EQ(stops.size(), 1u);
    EXPECT_EQ(stops[0].kind, StopKind::preempt);
    EXPECT_EQ(stops[0].agent, a);
    w.checkpoint(p, 12);
    w.ended(p, 0, RankOutcome::stopped);
    w.expect_started({1});
    EXPECT_EQ(w.job(1).attempts[1].ranks[0].slot.agent, b);
    EXPECT_EQ(w.job(1).attempts[1].resume->step, 12);
    EXPECT_EQ(w.job(1).retries_used, 0);
    w.ignore_effects();
}

TEST(Drain, AGangStopsOnAllItsAgents) {
    World w;
    const AgentId a = w.agent("a", 1);
    w.agent("b", 1);
    w.submit({.points = 1, .world_size = 2});
    const Placed p = w.expect_started({1});
    w.running(p);
    w.give(DrainAgent{a, 0, ""});
    EXPECT_EQ(w.take<StopRanks>().size(), 2u);
    w.ended(p, 0, RankOutcome::stopped);
    w.ended(p, 1, RankOutcome::stopped);
    EXPECT_EQ(w.state_of(1), JobState::queued);
    EXPECT_THAT(
        w.explain(1),
        Contains("agents-accepting: needs 2 slots at once, and all but 1 are on agents that are "
                 "drained: a")
    );
}

TEST(Drain, AnAgentTakesNothingUntilItIsReturned) {
    World w;
    const AgentId a = w.agent("a", 2);
    w.give(DrainAgent{a, 0, "maintenance"});
    w.submit({});
    w.expect_nothing_started();
    EXPECT_THAT(w.explain(1), Contains(HasSubstr("drained: a (maintenance)")));
    EXPECT_EQ(why_not(w.state, DrainAgent{a, 0, ""}), "agent a is drained already");
    w.give(ReturnAgent{a});
    w.expect_started({1});
    EXPECT_EQ(why_not(w.state, ReturnAgent{a}), "agent a is not drained");
    EXPECT_EQ(why_not(w.state, DrainAgent{{9}, 0, ""}), "there is no live agent 9");
}

TEST(Drain, HoldsOverAReconnectAndEndsWithTheAgentsLife) {
    World w;
    const AgentId a = w.agent("a", 1);
    w.give(DrainAgent{a, 0, ""});
    AgentHello hello;
    hello.name = "a";
    hello.host = "127.0.0.1";
    hello.slots = w.state.agents.at(a).slots;
    hello.epoch = w.state.agents.at(a).epoch;
    w.give(hello);
    EXPECT_TRUE(w.state.agents.at(a).draining) << "the same life";
    w.gone(a);
    hello.epoch = 0;
    w.give(hello);
    EXPECT_FALSE(w.state.agents.at(a).draining);
}

TEST(Drain, OfAnEarlierEpochIsLate) {
    World w;
    const AgentId a = w.agent("a", 1);
    w.give(DrainAgent{a, w.state.agents.at(a).epoch + 1, "leaves"});
    EXPECT_EQ(w.last(), "");
    w.give(DrainAgent{a, w.state.agents.at(a).epoch, "leaves"});
    EXPECT_TRUE(w.state.agents.at(a).draining);
}

TEST(Drain, APauseOfWhatIsBeingMovedHoldsIt) {
    World w;
    const AgentId a = w.agent("a", 1);
    w.agent("b", 1);
    w.submit({});
    const Placed p = w.expect_started({1});
    w.running(p);
    w.give(DrainAgent{a, 0, ""});
    w.give(PauseJobs{{.sweep = {1}, .jobs = {}}});
    w.ended(p, 0, RankOutcome::stopped);
    EXPECT_EQ(w.state_of(1), JobState::paused);
    w.ignore_effects();
}

TEST(Drain, ARankThatItsAgentStopsBeforeTheGangMetStopsItsPeers) {
    World w;
    w.agent("a", 1);
    w.agent("b", 1);
    w.submit({.points = 1, .world_size = 2});
    const Placed p = w.expect_started({1});
    w.ended(p, 1, RankOutcome::stopped);
    const auto stops = w.take<StopRanks>();
    ASSERT_EQ(stops.size(), 1u);
    EXPECT_EQ(stops[0].kind, StopKind::preempt);
    w.ended(p, 0, RankOutcome::stopped);
    w.expect_started({1});
    EXPECT_EQ(w.job(1).retries_used, 0);
}

TEST(AgentMetrics, ThePortOfTheHelloIsKept) {
    World w;
    AgentHello hello;
    hello.name = "a";
    hello.slots = {{"cpu", 0, 1}};
    hello.metrics_port = 9102;
    w.give(hello);
    EXPECT_EQ(w.state.agents.at({1}).metrics_port, 9102);
}

}  // namespace
}  // namespace bw::core
