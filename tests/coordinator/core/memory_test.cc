// Admission by predicted memory: who waits for a profile, who gets which slot, who is refused
// before any device is used.
#include <gmock/gmock.h>

#include "world_fixture.h"

#include "coordinator/core/limits.h"
#include "coordinator/core/memory_plan.h"
#include "plan/profile.h"

namespace bw::core {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kMiB = 1 << 20;

enum class Activations { kept, computed_again };

/// A job of the world's sweeps needs `fixed` MiB and one more for each sample.
std::string profile_of(
    const World& w,
    std::uint64_t job,
    std::int64_t fixed_mib,
    Activations activations = Activations::kept
) {
    const JobRecord& record = w.job(job);
    auto subject =
        profile_subject(*w.state.sweeps.at(record.sweep).sweep, record.params_json, {"cpu", 0, 1});
    subject->recompute = activations == Activations::computed_again;
    plan::Profile profile;
    profile.key = plan::profile_key(*subject);
    profile.network = "n";
    profile.recompute = subject->recompute ? 4 : 0;
    profile.peak = plan::PeakModel(
        {{static_cast<double>(fixed_mib * kMiB), static_cast<double>(kMiB), 0}},
        plan::Exactness::exact
    );
    return plan::to_text(profile);
}

AgentId agent_with(World& w, const std::string& name, const std::vector<std::int64_t>& limits_mib) {
    AgentHello hello;
    hello.name = name;
    hello.host = name;
    for (const std::int64_t limit : limits_mib) hello.slots.push_back({"cpu", limit * kMiB, 1});
    w.give(hello);
    return find_agent(w.state, name)->id;
}

std::vector<std::uint32_t> slots_of(const World& w, std::uint64_t job) {
    std::vector<std::uint32_t> slots;
    for (const RankRecord& rank : w.job(job).attempts.back().ranks) slots.push_back(rank.slot.slot);
    return slots;
}

std::string explained(const World& w, std::uint64_t job) {
    std::string text;
    for (const std::string& line : w.explain(job)) text += line + "\n";
    return text;
}

/// No other agent is awaited.
void settle(World& w) {
    w.pass(kAgentsSettle);
    EXPECT_FALSE(w.state.arrivals.settling);
}

void learnt(World& w, const Placed& p, const std::string& profile) {
    const AgentId agent = w.job(p.job.value).attempts.back().ranks.front().slot.agent;
    w.report(agent, ProfileLearned{p.job, p.attempt, profile, {}});
}

TEST(Memory, TheFirstOfAKindMeasuresAndTheOthersWaitForIt) {
    World w;
    agent_with(w, "a", {100, 100});
    w.submit({.points = 3});
    const Placed first = w.expect_started({1});
    w.expect_nothing_started();
    EXPECT_THAT(explained(w, 2), HasSubstr("memory-known: job 1 is measuring"));
    learnt(w, first, profile_of(w, 1, 10));
    w.expect_started({2});
    EXPECT_EQ(w.state_of(3), JobState::queued) << "no slot is left";
    w.ignore_effects();
}

TEST(Memory, OneThatRunsHoldsNobodyBackThoughNothingWasLearnt) {
    World w;
    agent_with(w, "a", {100, 100});
    w.submit({.points = 2});
    const Placed first = w.expect_started({1});
    w.running(first);
    w.pass(seconds(1));
    w.give(Tick{});
    w.expect_started({2});
    w.ignore_effects();
}

TEST(Memory, WithoutALimitNothingIsMeasured) {
    World w;
    w.agent("a", 2);
    w.submit({.points = 2});
    w.expect_started({1});
    w.expect_started({2});
    w.ignore_effects();
}

TEST(Memory, WhatFitsNoSlotIsRefusedWithTheNumbersAndWithoutAnAttempt) {
    World w;
    agent_with(w, "a", {100, 200});
    settle(w);
    w.submit({.points = 2, .batch_size = 4});
    const Placed first = w.expect_started({1});
    learnt(w, first, profile_of(w, 1, 300));
    learnt(w, first, profile_of(w, 1, 250, Activations::computed_again));
    w.ended(first, 0, RankOutcome::refused, "needs 301 MiB");
    EXPECT_EQ(w.state_of(1), JobState::refused);
    EXPECT_EQ(w.state_of(2), JobState::refused);
    EXPECT_TRUE(w.job(2).attempts.empty());
    EXPECT_THAT(w.job(2).reason, HasSubstr("the limit is 200.00 MiB"));
    EXPECT_THAT(w.job(2).reason, HasSubstr("it would fit with a limit of"));
    w.ignore_effects();
}

TEST(Memory, WhatFitsNoSlotIsMeasuredOnceMoreWithActivationsComputedAgain) {
    World w;
    w.submit({.points = 2, .batch_size = 4});
    w.give(LearnProfiles{{profile_of(w, 1, 300)}});
    agent_with(w, "a", {100, 200});
    w.expect_nothing_started();
    settle(w);
    const Placed first = w.expect_started({1});
    EXPECT_EQ(slots_of(w, 1), std::vector<std::uint32_t>{1}) << "measured on the largest";
    EXPECT_THAT(explained(w, 2), HasSubstr("memory-known: job 1 is measuring"));
    learnt(w, first, profile_of(w, 1, 50, Activations::computed_again));
    w.expect_started({2});
    EXPECT_EQ(slots_of(w, 2), std::vector<std::uint32_t>{0}) << "54 MiB and the margin suffice";
    w.ignore_effects();
}

TEST(Memory, ProfilesOfTheStateDirectoryCountAtOnce) {
    World w;
    w.submit({.points = 1, .batch_size = 4});
    w.give(LearnProfiles{{profile_of(w, 1, 300), "no profile"}});
    w.give(LearnProfiles{{profile_of(w, 1, 300)}});
    w.give(LearnProfiles{{profile_of(w, 1, 250, Activations::computed_again)}});
    EXPECT_EQ(w.state.profiles.size(), 2u);
    EXPECT_EQ(w.state_of(1), JobState::queued) << "there is no slot yet";
    agent_with(w, "a", {100});
    settle(w);
    EXPECT_EQ(w.state_of(1), JobState::refused);
    EXPECT_TRUE(w.job(1).attempts.empty());
    w.ignore_effects();
}

TEST(Memory, AJobTakesTheSmallestSlotThatSuffices) {
    World w;
    w.submit({.points = 1, .batch_size = 4});
    const std::string profile = profile_of(w, 1, 120);
    agent_with(w, "a", {400, 100, 200});
    EXPECT_EQ(slots_of(w, 1), std::vector<std::uint32_t>{0}) << "measured on the largest";
    learnt(w, {{1}, 1}, profile);
    w.submit({.points = 1, .batch_size = 8});
    EXPECT_EQ(slots_of(w, 2), std::vector<std::uint32_t>{2});
    w.submit({.points = 1, .batch_size = 16});
    EXPECT_EQ(w.state_of(3), JobState::queued);
    EXPECT_THAT(explained(w, 3), HasSubstr("memory-free: needs 136.68 MiB on 1 slot"));
    EXPECT_THAT(explained(w, 3), HasSubstr("free with as much: 0"));
    w.ignore_effects();
}

TEST(Memory, ASlotThatIsTooSmallHoldsBackNobodyElse) {
    World w;
    w.submit({.points = 1, .batch_size = 4});
    const std::string large = profile_of(w, 1, 120);
    agent_with(w, "a", {400, 100});
    learnt(w, {{1}, 1}, large);
    w.submit({.points = 1, .batch_size = 8});
    w.submit({.points = 1, .batch_size = 4, .model = "lenet_bn"});
    EXPECT_EQ(w.state_of(2), JobState::queued);
    EXPECT_EQ(w.state_of(3), JobState::queued) << "it measures on the largest slot, which is busy";
    w.give(LearnProfiles{{profile_of(w, 3, 10)}});
    EXPECT_EQ(w.state_of(3), JobState::starting);
    w.ignore_effects();
}

TEST(Memory, AGangThatFoundItsSlotsTooSmallGoesToOthers) {
    World w;
    w.submit({.points = 1, .world_size = 2});
    const std::string profile = profile_of(w, 1, 150);
    agent_with(w, "a", {400, 100});
    agent_with(w, "b", {400});
    const Placed first = w.expect_started({1});
    learnt(w, first, profile);
    w.ended(first, 0, RankOutcome::refused, "needs 182 MiB");
    w.ended(first, 1, RankOutcome::refused, "needs 182 MiB");
    const Placed second = w.expect_started({1});
    EXPECT_EQ(second.attempt, 2u);
    EXPECT_EQ(w.job(1).retries_used, 0);
    for (const RankRecord& rank : w.job(1).attempts.back().ranks) EXPECT_EQ(rank.slot.slot, 0u);
    w.ignore_effects();
}

TEST(Memory, TheSweepsOwnLimitCounts) {
    World w;
    w.agent("a", 1);
    settle(w);
    w.submit({.points = 1, .batch_size = 4, .options = "  memory_limit: 50MiB\n"});
    const Placed first = w.expect_started({1});
    learnt(w, first, profile_of(w, 1, 60));
    learnt(w, first, profile_of(w, 1, 55, Activations::computed_again));
    w.submit({.points = 1, .batch_size = 8, .options = "  memory_limit: 50MiB\n"});
    w.ended(first, 0, RankOutcome::refused, "needs 61 MiB");
    EXPECT_EQ(w.state_of(2), JobState::refused);
    EXPECT_THAT(w.job(2).reason, HasSubstr("the limit is 50.00 MiB"));
    w.ignore_effects();
}

TEST(Memory, WhatFitsNoSlotYetWaitsForAgentsThatFollow) {
    World w;
    w.submit({.points = 1, .batch_size = 4});
    w.give(LearnProfiles{{profile_of(w, 1, 300)}});
    agent_with(w, "small", {100});
    w.pass(milliseconds(9999));
    EXPECT_EQ(w.state_of(1), JobState::queued);
    agent_with(w, "large", {400});
    EXPECT_EQ(w.state_of(1), JobState::starting);
    EXPECT_EQ(w.job(1).attempts.size(), 1u);
    w.ignore_effects();
}

TEST(Memory, EveryAgentThatJoinsBeginsTheWaitAnew) {
    World w;
    w.submit({.points = 1, .batch_size = 4});
    w.give(LearnProfiles{
        {profile_of(w, 1, 300), profile_of(w, 1, 250, Activations::computed_again)}});
    agent_with(w, "a", {100});
    w.pass(seconds(6));
    agent_with(w, "b", {200});
    w.pass(seconds(6));
    EXPECT_EQ(w.state_of(1), JobState::queued);
    w.pass(seconds(4));
    EXPECT_EQ(w.state_of(1), JobState::refused);
    EXPECT_FALSE(next_timer(w.state)) << "decided once";
    w.ignore_effects();
}

TEST(Memory, WhereTheAgentsAreCountedTheLastOneSettlesIt) {
    World w;
    w.give(SubmitSweep{
        .file_name = "f", .text = text_of({.points = 1, .batch_size = 4}), .agents = 2});
    w.give(LearnProfiles{
        {profile_of(w, 1, 300), profile_of(w, 1, 250, Activations::computed_again)}});
    agent_with(w, "a", {100});
    EXPECT_EQ(w.state_of(1), JobState::queued);
    agent_with(w, "b", {200});
    EXPECT_EQ(w.state_of(1), JobState::refused);
    EXPECT_THAT(w.job(1).reason, HasSubstr("the limit is 200.00 MiB"));
    w.ignore_effects();
}

TEST(Memory, AnAttemptThatFoundItsSlotTooSmallWaitsForLargerOnesAsWell) {
    World w;
    w.submit({.points = 1});
    agent_with(w, "small", {100});
    const Placed first = w.expect_started({1});
    learnt(w, first, profile_of(w, 1, 150));
    w.ended(first, 0, RankOutcome::refused, "needs 182 MiB");
    EXPECT_EQ(w.state_of(1), JobState::queued);
    EXPECT_THAT(explained(w, 1), HasSubstr("agents-settled: its slots were too small"));
    agent_with(w, "large", {400});
    EXPECT_EQ(w.expect_started({1}).attempt, 2u);
    w.ignore_effects();
}

TEST(Memory, AnAttemptThatLearntNothingIsTriedOnceMoreWhenAllAreThere) {
    World w;
    w.submit({.points = 1});
    agent_with(w, "a", {100});
    w.ended(w.expect_started({1}), 0, RankOutcome::refused, "one sample does not fit");
    w.expect_nothing_started();
    settle(w);
    w.ended(w.expect_started({1}), 0, RankOutcome::refused, "one sample does not fit");
    EXPECT_EQ(w.state_of(1), JobState::refused);
    EXPECT_EQ(w.job(1).retries_used, 0);
    w.ignore_effects();
}

TEST(Memory, ProfilesOfSmallAndLargeMicroBatchesAreKeptTogether) {
    World w;
    agent_with(w, "a", {1000});
    w.submit({.points = 1});
    const Placed first = w.expect_started({1});
    plan::Profile profile = *plan::parse_profile(profile_of(w, 1, 10));
    const auto regime = [](std::int64_t smallest, std::int64_t largest, const char* sequence) {
        return plan::Regime{
            smallest, largest, sequence, plan::PeakModel({{1, 1, 0}}, plan::Exactness::exact)};
    };
    profile.peak = plan::MemoryModel({regime(4, 8, "small")});
    learnt(w, first, plan::to_text(profile));
    profile.peak = plan::MemoryModel({regime(24, 32, "large")});
    learnt(w, first, plan::to_text(profile));
    EXPECT_EQ(w.state.profiles.begin()->second.peak.regimes().size(), 2u);
    learnt(w, first, plan::to_text(profile));
    EXPECT_TRUE(w.last_events.empty()) << "nothing new";
    w.ignore_effects();
}

}  // namespace
}  // namespace bw::core
