// A few hundred seeded worlds under faults, the determinism of the simulator itself, and a canary
// for each checker. More seeds by hand: bin/sim_main --seed N --seeds COUNT; BW_SIM_SEED=N starts
// the test elsewhere.
#include "coordinator/sim/sim.h"

#include <cstdlib>

#include <gtest/gtest.h>

namespace bw::sim {
namespace {

constexpr std::uint64_t kSeeds = 300;

std::uint64_t first_seed() {
    const char* seed = std::getenv("BW_SIM_SEED");
    return seed == nullptr ? 1 : std::strtoull(seed, nullptr, 10);
}

std::string report(const SimOptions& options, const SimOutcome& outcome) {
    std::string text = "seed " + std::to_string(options.seed) + ", first bad tick " +
                       std::to_string(outcome.bad_tick) + ": " + outcome.failure + "\n";
    for (const std::string& event : outcome.last_events) text += "  " + event + "\n";
    return text;
}

TEST(Simulation, EveryRuleHoldsUnderFaultsAndEveryJobEnds) {
    SimOutcome sum;
    SimOptions options;
    options.seed = first_seed();
    for (std::uint64_t i = 0; i < kSeeds; ++i, ++options.seed) {
        const SimOutcome outcome = run_simulation(options);
        ASSERT_EQ(outcome.failure, "") << report(options, outcome);
        sum.jobs += outcome.jobs;
        sum.attempts += outcome.attempts;
        sum.coordinator_crashes += outcome.coordinator_crashes;
        sum.agent_crashes += outcome.agent_crashes;
        sum.partitions += outcome.partitions;
        sum.trainer_deaths += outcome.trainer_deaths;
        sum.commands += outcome.commands;
        sum.leavings += outcome.leavings;
        sum.lost_steps += outcome.lost_steps;
    }
    // The faults did happen, and did cost attempts.
    EXPECT_GT(sum.coordinator_crashes, 300);
    EXPECT_GT(sum.agent_crashes, 300);
    EXPECT_GT(sum.partitions, 300);
    EXPECT_GT(sum.trainer_deaths, 300);
    EXPECT_GT(sum.attempts, sum.jobs + 1000);
    EXPECT_GT(sum.commands, 3000);
    EXPECT_GT(sum.leavings, 300);
    EXPECT_GT(sum.lost_steps, 1000);
    RecordProperty("jobs", static_cast<int>(sum.jobs));
    RecordProperty("attempts", static_cast<int>(sum.attempts));
}

TEST(Simulation, WithoutFaultsEveryJobNeedsOneAttempt) {
    SimOptions options;
    options.fault_ticks = 0;
    for (options.seed = 1; options.seed <= 30; ++options.seed) {
        const SimOutcome outcome = run_simulation(options);
        ASSERT_EQ(outcome.failure, "") << report(options, outcome);
        EXPECT_EQ(outcome.attempts, outcome.jobs) << "seed " << options.seed;
    }
}

TEST(Simulation, TheSameSeedGivesTheSameTrace) {
    SimOptions options;
    std::string before;
    for (options.seed = 1; options.seed <= 20; ++options.seed) {
        const SimOutcome first = run_simulation(options);
        const SimOutcome second = run_simulation(options);
        EXPECT_EQ(first.trace_hash, second.trace_hash) << "seed " << options.seed;
        EXPECT_NE(first.trace_hash, before) << "another seed gives another trace";
        before = first.trace_hash;
    }
}

struct Canary {
    const char* name;
    Sabotage sabotage;
    const char* rule;  // a part of what at least one seed must complain of
};

class SimulationCanary : public testing::TestWithParam<Canary> {};

TEST_P(SimulationCanary, ABugPutInOnPurposeIsSeen) {
    SimOptions options;
    options.sabotage = GetParam().sabotage;
    std::string seen;
    int failures = 0;
    for (options.seed = 1; options.seed <= 60; ++options.seed) {
        const SimOutcome outcome = run_simulation(options);
        if (outcome.failure.empty()) continue;
        ++failures;
        if (outcome.failure.find(GetParam().rule) != std::string::npos) return;
        seen = outcome.failure;
    }
    FAIL() << failures << " of 60 seeds failed, none because of \"" << GetParam().rule
           << "\"; the last: " << seen;
}

INSTANTIATE_TEST_SUITE_P(
    All,
    SimulationCanary,
    testing::Values(
        Canary{
            "lost_commit",
            Sabotage::lose_commit,
            "a replay of the journal gives the state that was durable"},
        Canary{"trusted_reports", Sabotage::trust_everybody, "a device that is free"},
        Canary{"forgotten_slots", Sabotage::forget_slots, "a device that is free"},
        Canary{"forgotten_loss", Sabotage::forget_loss, "the lost work is what was made twice"},
        Canary{
            "forgotten_drains",
            Sabotage::forget_drains,
            "it is not placed on an agent that is drained"},
        Canary{"lost_stops", Sabotage::lose_stops, "once faults are over, everything ends"}
    ),
    [](const auto& test) { return test.param.name; }
);

}  // namespace
}  // namespace bw::sim
