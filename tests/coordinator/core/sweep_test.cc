// Submitting, suggesting points, ending sweeps.
#include "world_fixture.h"

#include "coordinator/core/limits.h"
#include "coordinator/core/trace.h"

namespace bw::core {
namespace {

TEST(Sweep, ASubmittedSweepBecomesJobsInTheOrderOfItsPoints) {
    World w;
    w.submit({.points = 3});
    ASSERT_EQ(w.state.jobs.size(), 3u);
    for (std::uint64_t id = 1; id <= 3; ++id) {
        EXPECT_EQ(w.job(id).ordinal, id - 1);
        EXPECT_EQ(w.job(id).state, JobState::queued);
        EXPECT_NE(w.job(id).params_json.find("\"batch_size\":128"), std::string::npos);
    }
    EXPECT_TRUE(w.state.sweeps.at({1}).exhausted);
}

TEST(Sweep, ATextWithErrorsYieldsNothing) {
    World w;
    w.give(SubmitSweep{.file_name = "x.yaml", .text = "method: [nonsense"});
    EXPECT_TRUE(w.last_events.empty());
}

TEST(Sweep, AKnownSweepWithTheSameLimitsYieldsNothing) {
    World w;
    w.submit({.points = 3});
    w.submit({.points = 3});
    EXPECT_TRUE(w.last_events.empty()) << w.last();
}

TEST(Sweep, FreshStartsAKnownSweepAnew) {
    World w;
    w.submit({.points = 1});
    w.give(SubmitSweep{.file_name = "sweep.yaml", .text = text_of({.points = 1}), .fresh = true});
    EXPECT_EQ(w.state.sweeps.size(), 2u);
    EXPECT_EQ(find_sweep(w.state, w.state.sweeps.at({1}).fingerprint)->id, SweepId{2});
}

TEST(Sweep, ARaisedCapBringsTheMissingPointsAndNoOthers) {
    World w;
    w.submit({.points = 5, .run_cap = 2});
    ASSERT_EQ(w.state.jobs.size(), 2u);
    w.submit({.points = 5, .run_cap = 4});
    EXPECT_EQ(w.state.sweeps.size(), 1u);
    ASSERT_EQ(w.state.jobs.size(), 4u);
    EXPECT_EQ(w.job(4).ordinal, 3u);
    w.ignore_effects();
}

TEST(Sweep, ARaisedCapOpensAnEndedSweepAgain) {
    World w;
    w.agent("a", 1);
    w.submit({.points = 3, .run_cap = 1});
    w.finished(w.expect_started({1}));
    EXPECT_EQ(w.take<AnnounceSweepEnded>().size(), 1u);
    EXPECT_TRUE(w.state.sweeps.at({1}).ended);
    w.submit({.points = 3, .run_cap = 2});
    EXPECT_FALSE(w.state.sweeps.at({1}).ended);
    EXPECT_EQ(w.take<WithdrawResults>().size(), 1u) << "what was written is no longer final";
    w.finished(w.expect_started({2}));
    EXPECT_EQ(w.take<AnnounceSweepEnded>().size(), 1u);
}

TEST(Sweep, ALoweredCapKeepsTheJobsThatAreThere) {
    World w;
    w.submit({.points = 5, .run_cap = 4});
    w.submit({.points = 5, .run_cap = 2});
    EXPECT_EQ(w.state.jobs.size(), 4u);
    w.agent("a", 1);
    for (std::uint64_t id = 1; id <= 4; ++id) w.finished(w.expect_started({id}));
    EXPECT_TRUE(w.state.sweeps.at({1}).ended);
    w.ignore_effects();
}

TEST(Sweep, PointsAreSuggestedLazily) {
    World w;
    w.submit({.points = 500});
    EXPECT_EQ(std::ssize(w.state.jobs), kPointsAhead);
    w.agent("a", 40);
    EXPECT_EQ(std::ssize(w.state.jobs), 40 + kPointsAhead);
    EXPECT_FALSE(w.state.sweeps.at({1}).exhausted);
    w.ignore_effects();
}

TEST(Sweep, EveryPointOfALargeSweepRunsExactlyOnce) {
    World w;
    w.agent("a", 3);
    w.submit({.points = 200});
    std::uint64_t ended = 0;
    while (ended < 200) w.finished(w.expect_started({++ended}));
    EXPECT_EQ(w.state.jobs.size(), 200u);
    EXPECT_EQ(w.take<AnnounceSweepEnded>().size(), 1u);
    std::set<std::uint64_t> ordinals;
    for (const auto& [id, job] : w.state.jobs) ordinals.insert(job.ordinal);
    EXPECT_EQ(ordinals.size(), 200u);
}

// The parser refuses listed values; what a distribution draws shows only when the point is there.
// Batches of 25 to 32 samples are one BatchNorm group, too large for micro_batch 24; smaller and
// larger ones have groups of at most 24.
std::string random_batches(const std::string& distribution, int run_cap) {
    return "method: random\nrun_cap: " + std::to_string(run_cap) +
           "\nparameters: {model: {value: lenet_bn}, dataset: {value: fashion_mnist}, batch_size: "
           "{" +
           distribution + "}}\nbatchwright: {micro_batch: 24}\n";
}

TEST(Sweep, PointsThatCannotRunAreRefusedWithTheArithmetic) {
    World w;
    const std::string text = random_batches("distribution: q_uniform, min: 24, max: 48, q: 1", 300);
    w.give(SubmitSweep{.file_name = "b.yaml", .text = text});
    std::int64_t refused = 0;
    for (const auto& [id, job] : w.state.jobs) {
        if (job.state != JobState::refused) continue;
        ++refused;
        EXPECT_NE(job.reason.find("more than micro_batch 24 holds"), std::string::npos)
            << job.reason;
    }
    EXPECT_GT(refused, 5) << w.last();
    EXPECT_GT(std::ssize(w.state.unfinished), kPointsAhead / 2)
        << "refused points make room for others";
    EXPECT_LE(std::ssize(w.state.unfinished), kPointsAhead);
}

TEST(Sweep, ASweepOfNothingButRefusedPointsEndsAfterSeveralDecisions) {
    World w;
    const std::string text =
        random_batches("distribution: q_normal, mu: 28.5, sigma: 0.5, q: 1", 3000);
    w.give(SubmitSweep{.file_name = "b.yaml", .text = text});
    int decisions = 1;
    for (; next_timer(w.state) && decisions < 20; ++decisions) w.pass({});
    EXPECT_GE(decisions, 3) << "one decision suggests a bounded number of points";
    EXPECT_EQ(w.state.jobs.size(), 3000u);
    EXPECT_EQ(w.take<AnnounceSweepEnded>().size(), 1u);
}

TEST(Sweep, AJobBelongsToTheSweepThatSuggestedIt) {
    World w;
    w.submit({.points = 2});
    w.submit({.points = 2, .batch_size = 32});
    EXPECT_EQ(w.job(3).sweep, SweepId{2});
    EXPECT_EQ(w.job(3).ordinal, 0u);
}

}  // namespace
}  // namespace bw::core
