// Agents that join, come back, start anew, and go.
#include "world_fixture.h"

namespace bw::core {
namespace {

AgentHello hello_again(const World& w, const std::string& name) {
    const AgentRecord& agent = *find_agent(w.state, name);
    AgentHello hello;
    hello.name = name;
    hello.host = agent.host;
    hello.slots = agent.slots;
    hello.epoch = agent.epoch;
    return hello;
}

TEST(Agent, EachJoinHasANewEpochAndTheSameIdentity) {
    World w;
    const AgentId first = w.agent("a", 1);
    const std::uint64_t epoch = w.state.agents.at(first).epoch;
    EXPECT_EQ(w.agent("a", 2), first);
    EXPECT_GT(w.state.agents.at(first).epoch, epoch);
    EXPECT_EQ(w.state.agents.at(first).slots.size(), 2u);
    EXPECT_NE(w.agent("b", 1), first);
}

TEST(Agent, AfterABrokenConnectionItGoesOnWithTheRanksItHolds) {
    World w;
    w.agent("a", 2);
    w.submit({.points = 2});
    const Placed kept = w.expect_started({1});
    w.expect_started({2});
    AgentHello hello = hello_again(w, "a");
    hello.held = {{kept.job, kept.attempt, 0}};
    w.give(hello);
    EXPECT_EQ(w.state_of(1), JobState::starting);
    EXPECT_EQ(w.job(1).attempts.size(), 1u);
    EXPECT_EQ(w.job(2).attempts.size(), 2u)
        << "it did not hold the second job: that attempt is over";
    EXPECT_EQ(w.expect_started({2}).attempt, 2u);
    EXPECT_EQ(w.state.agents.at({1}).epoch, hello.epoch) << "the same life";
}

TEST(Agent, WhatMayHaveBeenLostWithTheConnectionIsSaidAgain) {
    World w;
    w.agent("a", 1);
    w.agent("b", 1);
    w.submit({.points = 1, .world_size = 2});
    const Placed p = w.expect_started({1});
    w.store_opened(p);
    w.ignore_effects();
    AgentHello hello = hello_again(w, "b");
    hello.held = {{p.job, p.attempt, 1}};
    w.give(hello);
    EXPECT_EQ(w.take<SendRendezvous>().size(), 1u);
    w.ended(p, 0, RankOutcome::died);
    EXPECT_EQ(w.take<StopRanks>().size(), 1u);
    w.give(hello);
    const auto stops = w.take<StopRanks>();
    ASSERT_EQ(stops.size(), 1u);
    EXPECT_EQ(stops[0].kind, StopKind::kill);
    w.ignore_effects();
}

TEST(Agent, StartedAnewItHasLostEverything) {
    World w;
    w.agent("a", 2);
    w.submit({.points = 1, .world_size = 2});
    w.expect_started({1});
    w.agent("a", 2);
    EXPECT_EQ(w.job(1).attempts.front().ranks.front().outcome, RankOutcome::lost);
    EXPECT_EQ(w.expect_started({1}).attempt, 2u);
    EXPECT_EQ(w.job(1).reason, "");
}

TEST(Agent, WhenItsLeaseEndsItsRanksAreLostAndTheirPeersKilled) {
    World w;
    const AgentId a = w.agent("a", 1);
    const AgentId b = w.agent("b", 1);
    w.submit({.points = 1, .world_size = 2});
    const Placed p = w.expect_started({1});
    w.gone(a);
    EXPECT_FALSE(w.state.agents.at(a).live);
    const auto stops = w.take<StopRanks>();
    ASSERT_EQ(stops.size(), 1u);
    EXPECT_EQ(stops[0].agent, b);
    w.ended(p, 1, RankOutcome::failed, "connection closed");
    EXPECT_EQ(w.state_of(1), JobState::queued);
    EXPECT_EQ(w.job(1).reason, "rank 0 lost: agent a is gone: lease ran out");
    w.agent("a", 1);
    EXPECT_EQ(w.expect_started({1}).attempt, 2u);
}

// The peers notice at once, the coordinator only when the lease has run out.
TEST(Agent, ItsLossIsTheCauseEvenIfItsPeersFailedBefore) {
    World w;
    const AgentId a = w.agent("a", 1);
    w.agent("b", 1);
    SweepText sweep{.points = 1, .world_size = 2};
    sweep.options = "  retries: 0\n";
    w.submit(sweep);
    const Placed p = w.expect_started({1});
    w.ended(p, 1, RankOutcome::failed, "connection closed");
    EXPECT_EQ(w.take<StopRanks>().size(), 1u);
    w.gone(a);
    EXPECT_EQ(w.state_of(1), JobState::queued);
    EXPECT_EQ(w.job(1).retries_used, 0);
}

TEST(Agent, ItsEndIsNotedOnceAndOnlyForItsLiveEpoch) {
    World w;
    const AgentId a = w.agent("a", 1);
    w.gone(a);
    w.gone(a);
    EXPECT_TRUE(w.last_events.empty());
    w.agent("a", 1);
    w.give(AgentGone{.agent = a, .epoch = 1, .reason = "late"});
    EXPECT_TRUE(w.last_events.empty());
    EXPECT_TRUE(w.state.agents.at(a).live);
}

TEST(Agent, ComingBackAfterItsLeaseItJoinsAnew) {
    World w;
    const AgentId a = w.agent("a", 1);
    w.submit({});
    const Placed p = w.expect_started({1});
    AgentHello hello = hello_again(w, "a");
    w.gone(a);
    hello.held = {{p.job, p.attempt, 0}};  // the shell has made it drop these by now
    w.give(hello);
    EXPECT_GT(w.state.agents.at(a).epoch, hello.epoch);
    EXPECT_EQ(w.expect_started({1}).attempt, 2u);
}

TEST(Agent, NothingIsPlacedOnAnAgentThatIsGone) {
    World w;
    w.gone(w.agent("a", 4));
    w.submit({});
    w.expect_nothing_started();
    EXPECT_EQ(w.state_of(1), JobState::queued);
}

}  // namespace
}  // namespace bw::core
