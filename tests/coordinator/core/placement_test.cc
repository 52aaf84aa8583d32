// FIFO gangs: who gets which slots, and who waits for what.
#include "world_fixture.h"

namespace bw::core {
namespace {

std::vector<SlotRef> slots_of(const World& w, std::uint64_t job) {
    std::vector<SlotRef> slots;
    for (const RankRecord& rank : w.job(job).attempts.back().ranks) slots.push_back(rank.slot);
    return slots;
}

TEST(Placement, GangWaitsUntilEveryRankFits) {
    World w;
    w.agent("a", 1);
    w.submit({.points = 1, .world_size = 3});
    w.agent("b", 1);
    w.expect_nothing_started();
    w.agent("c", 1);
    EXPECT_EQ(w.state_of(1), JobState::starting);
    EXPECT_EQ(w.take<StartRanks>().size(), 3u);
}

TEST(Placement, AGangPrefersOneAgent) {
    World w;
    const AgentId a = w.agent("a", 2);
    const AgentId b = w.agent("b", 2);
    w.submit({.points = 1});
    w.submit({.points = 1, .world_size = 2});
    EXPECT_EQ(slots_of(w, 1), (std::vector<SlotRef>{{a, 0}}));
    EXPECT_EQ(slots_of(w, 2), (std::vector<SlotRef>{{b, 0}, {b, 1}}));
    w.ignore_effects();
}

TEST(Placement, OtherwiseAGangTakesTheLowestSlots) {
    World w;
    const AgentId a = w.agent("a", 1);
    const AgentId b = w.agent("b", 2);
    w.submit({.points = 1, .world_size = 3});
    EXPECT_EQ(slots_of(w, 1), (std::vector<SlotRef>{{a, 0}, {b, 0}, {b, 1}}));
    w.ignore_effects();
}

TEST(Placement, AnOlderGangThatDoesNotFitHoldsBackTheYoungerJobs) {
    World w;
    w.agent("a", 2);
    w.submit({.points = 1, .batch_size = 16});
    const Placed small = w.expect_started({1});
    w.submit({.points = 1, .world_size = 2});
    w.submit({.points = 1, .batch_size = 32});
    w.expect_nothing_started();
    w.finished(small);
    w.expect_started({2});
    w.ignore_effects();
}

TEST(Placement, SweepsComeInTheOrderOfTheirSubmission) {
    World w;
    const AgentId a = w.agent("a", 1);
    w.submit({.points = 70});  // its last points become jobs after the other sweep's
    w.submit({.points = 1, .batch_size = 32});
    for (int i = 0; i < 70; ++i) {
        const auto busy = w.state.agents.at(a).busy[0];
        ASSERT_TRUE(busy.has_value());
        EXPECT_EQ(w.state.jobs.at(busy->job).sweep, SweepId{1});
        w.finished({busy->job, busy->number});
    }
    EXPECT_EQ(w.state.jobs.at(w.state.agents.at(a).busy[0]->job).sweep, SweepId{2});
    w.ignore_effects();
}

TEST(Placement, AGangLargerThanAllSlotsWaitsWithoutHoldingBackOtherSweeps) {
    World w;
    w.agent("a", 2);
    w.submit({.points = 1, .world_size = 4});
    w.submit({.points = 1});
    w.expect_started({2});
    EXPECT_EQ(w.state_of(1), JobState::queued);
    EXPECT_EQ(
        w.explain(1),
        std::vector<std::string>(
            {"gang-possible: needs 4 slots at once, and the live agents offer 2 "
             "(batchwright.world_size)",
             "slots-free: needs 4 slots at once; free now: 1"}
        )
    );
}

TEST(Placement, ASweepStaysWithinItsConcurrency) {
    World w;
    w.agent("a", 4);
    SweepText sweep{.points = 4};
    sweep.options = "  concurrency: 2\n";
    w.submit(sweep);
    EXPECT_EQ(w.take<StartRanks>().size(), 2u);
    w.submit({.points = 1, .batch_size = 32});
    EXPECT_EQ(w.take<StartRanks>().size(), 1u) << "others may use what is left";
    w.finished({{1}, 1});
    EXPECT_EQ(w.expect_started({3}).attempt, 1u);
}

TEST(Placement, ARaisedConcurrencyTakesEffectAtOnce) {
    World w;
    w.agent("a", 4);
    SweepText sweep{.points = 4};
    sweep.options = "  concurrency: 1\n";
    w.submit(sweep);
    EXPECT_EQ(w.take<StartRanks>().size(), 1u);
    sweep.options = "  concurrency: 3\n";
    w.submit(sweep);
    EXPECT_EQ(w.take<StartRanks>().size(), 2u);
    EXPECT_EQ(w.take<WithdrawResults>().size(), 1u);
}

TEST(Placement, DeviceChoosesTheKindOfSlot) {
    World w;
    const AgentId cpu = w.agent("cpu-host", 2, "cpu");
    const AgentId gpu = w.agent("gpu-host", 1, "NVIDIA H100");
    SweepText on_cpu{.points = 1, .batch_size = 16};
    on_cpu.options = "  device: cpu\n";
    w.submit(on_cpu);
    w.submit({.points = 1});
    EXPECT_EQ(slots_of(w, 1).front().agent, cpu);
    EXPECT_EQ(slots_of(w, 2).front().agent, gpu) << "auto takes accelerators first";
    w.ignore_effects();
}

TEST(Placement, AGangIsOfOneKind) {
    World w;
    w.agent("cpu-host", 1, "cpu");
    w.agent("gpu-host", 1, "NVIDIA H100");
    w.submit({.points = 1, .world_size = 2});
    w.expect_nothing_started();
    const AgentId two = w.agent("two-gpus", 2, "NVIDIA H100");
    for (const SlotRef& slot : slots_of(w, 1)) EXPECT_EQ(slot.agent, two);
    EXPECT_EQ(slots_of(w, 1).size(), 2u);
    w.ignore_effects();
}

TEST(Placement, ADecisionIsAPureFunction) {
    World w;
    w.agent("a", 2);
    const SubmitSweep input{.file_name = "x.yaml", .text = text_of({.points = 5})};
    const State before = w.state;
    const std::vector<Event> first = decide(w.state, input, w.now);
    EXPECT_TRUE(before == w.state);
    EXPECT_TRUE(first == decide(before, input, w.now));
    EXPECT_GE(first.size(), 4u);
}

TEST(Explain, NamesEveryConstraintThatHoldsAJobBack) {
    World w;
    w.agent("a", 1);
    SweepText sweep{.points = 2};
    sweep.options = "  concurrency: 1\n";
    w.submit(sweep);
    w.submit({.points = 2, .batch_size = 32});
    EXPECT_EQ(
        w.explain(2),
        std::vector<std::string>(
            {"sweep-concurrency: its sweep runs 1 of at most 1 job at a time "
             "(batchwright.concurrency)",
             "slots-free: needs 1 slot at once; free now: 0"}
        )
    );
    EXPECT_EQ(
        w.explain(3), std::vector<std::string>({"slots-free: needs 1 slot at once; free now: 0"})
    );
    EXPECT_EQ(
        w.explain(4),
        std::vector<std::string>(
            {"first-in-line: job 3 (sweep 2) is older and waits for slots",
             "slots-free: needs 1 slot at once; free now: 0"}
        )
    );
    w.ignore_effects();
}

TEST(Explain, TellsOfRetriesPlacesAndEnds) {
    World w;
    w.agent("a", 1);
    w.submit({.points = 1});
    const Placed p = w.expect_started({1});
    EXPECT_EQ(w.explain(1).front(), "attempt 1 is starting: its ranks load and connect");
    EXPECT_EQ(w.explain(1).back(), "rank 0 is on a slot 0");
    w.running(p, 7);
    EXPECT_EQ(w.explain(1).front(), "attempt 1 is running from step 7 of 100");
    w.ended(p, 0, RankOutcome::failed, "disk full");
    EXPECT_EQ(
        w.explain(1),
        std::vector<std::string>({"retry-due: tries again in 1.0 s: rank 0 failed: disk full"})
    );
    w.pass(seconds(1));
    w.finished(w.expect_started({1}));
    EXPECT_EQ(w.explain(1), std::vector<std::string>({"finished: finished at step 100"}));
    EXPECT_EQ(w.explain(99), std::vector<std::string>({"there is no job 99"}));
    w.ignore_effects();
}

TEST(Explain, SaysWhenThereAreNoAgents) {
    World w;
    w.submit({});
    EXPECT_EQ(
        w.explain(1).front(),
        "gang-possible: needs 1 slot at once, and the live agents offer none "
        "(batchwright.world_size)"
    );
}

}  // namespace
}  // namespace bw::core
