#include "plan/peak_model.h"

#include <map>

#include <gtest/gtest.h>

#include "plan/time_model.h"

namespace bw::plan {
namespace {

using Kind = MemoryEvent::Kind;
using Part = TraceSegment::Kind;

constexpr std::int64_t kOverhead = 64;

struct Micro {
    std::int64_t samples = 0, groups = 0;
};

enum class Kernels { one, switch_at_16 };

/// A step with forward activations, a large block that only the update takes, groups' sums, and a
/// stage for the micro-batch that lives on.
MemoryTrace step(const std::vector<Micro>& micros, Kernels kernels = Kernels::one) {
    MemoryTrace trace;
    trace.base_bytes = 1'000'000;
    trace.block_overhead_bytes = kOverhead;
    std::map<std::int64_t, std::int64_t> sizes;
    const auto take = [&](std::int64_t bytes) {
        const auto id = static_cast<std::int64_t>(sizes.size());
        trace.events.push_back({Kind::allocate, id, bytes});
        sizes[id] = bytes;
        return id;
    };
    const auto release = [&](std::int64_t id) {
        trace.events.push_back({Kind::release, id, sizes.at(id)});
    };
    const auto begin = [&](Part part, Micro micro) {
        trace.segments.push_back({part, micro.samples, micro.groups, trace.events.size()});
    };
    begin(Part::prepare, {micros.front().samples, 0});
    take(4 * 784 * micros.front().samples);
    for (const Micro& micro : micros) {
        begin(Part::forward, micro);
        const auto hidden = take(4 * 3000 * micro.samples);
        const auto statistics = take(16 * 24 * micro.groups);
        const auto mask = take(3000 * micro.samples + 5);
        if (kernels == Kernels::switch_at_16 && micro.samples >= 16) release(take(50'000));
        begin(Part::backward, micro);
        const auto gradient = take(4 * 3000 * micro.samples);
        for (const auto id : {mask, hidden, statistics, gradient}) release(id);
    }
    begin(Part::update, {micros.front().samples, 0});
    release(take(900'000));
    return trace;
}

/// Two micro-batches, in one group and in two.
std::vector<MemoryTrace> probes(Kernels kernels = Kernels::one) {
    return {step({{4, 1}, {4, 2}}, kernels), step({{8, 1}, {8, 2}}, kernels)};
}

Observations parts_of(const MemoryTrace& trace) { return observe({&trace, 1}); }

TEST(PeakModel, ReplaysEveryMicroBatchExactlyThoughThePeakIsNoLine) {
    const auto model = PeakModel::fit(observe(probes()));
    ASSERT_TRUE(model) << model.error().message;
    for (std::int64_t samples = 1; samples <= 600; samples += 7) {
        for (const std::int64_t groups : {1, 2, 3, 17}) {
            EXPECT_EQ(model->peak(samples, groups), peak_of(step({{samples, groups}})))
                << samples << " samples in " << groups << " groups";
        }
    }
    EXPECT_EQ(model->exactness(), Exactness::exact);
}

TEST(PeakModel, ALineThroughThePeaksOfTheProbesWouldMissWhatTheUpdateHides) {
    const std::int64_t small = peak_of(step({{4, 1}}));
    const std::int64_t large = peak_of(step({{8, 1}}));
    const std::int64_t line = small + (large - small) / 4 * (200 - 4);
    const auto model = PeakModel::fit(observe(probes()));
    ASSERT_TRUE(model);
    EXPECT_GT(model->peak(200, 1), 2 * line);
    EXPECT_EQ(model->peak(200, 1), peak_of(step({{200, 1}})));
}

TEST(PeakModel, WithoutGroupsTwoSizesAreEnough) {
    const std::vector<MemoryTrace> traces = {step({{4, 0}, {4, 0}}), step({{8, 0}, {8, 0}})};
    const auto model = PeakModel::fit(observe(traces));
    ASSERT_TRUE(model);
    EXPECT_EQ(model->peak(100, 0), peak_of(step({{100, 0}})));
}

TEST(PeakModel, KeepsOnlyPlanesThatCanBeTheLargest) {
    const auto model = PeakModel::fit(observe(probes()));
    ASSERT_TRUE(model);
    EXPECT_LT(model->planes().size(), 6u);
}

/// As a step under a plan is seen: the place for the micro-batch is taken before its first part.
TEST(PeakModel, WhatIsTakenBeforeTheFirstPartIsABaseOfAll) {
    const std::vector<MemoryTrace> probe = {step({{32, 1}, {32, 2}})};
    MemoryTrace real = step({{64, 2}});
    real.segments.erase(real.segments.begin());
    Observations around = observe(probe);
    around.micro_batches.push_back(parts_of(real).micro_batches.front());
    const auto model = PeakModel::fit(around);
    ASSERT_TRUE(model) << model.error().message;
    for (const std::int64_t samples : {32, 64, 200})
        EXPECT_EQ(model->peak(samples, 2), peak_of(step({{samples, 2}}))) << samples;
}

TEST(PeakModel, AnUpdateSeenInOneSizeGrowsWithThePlaceOfTheMicroBatch) {
    const std::vector<MemoryTrace> probe = {step({{8, 1}, {8, 2}})};
    Observations around = observe(probe);
    around.micro_batches.push_back(parts_of(step({{16, 1}})).micro_batches.front());
    const auto model = PeakModel::fit(around);
    ASSERT_TRUE(model) << model.error().message;
    EXPECT_EQ(model->peak(16, 1), peak_of(step({{16, 1}}))) << "the update is the peak";
}

TEST(PeakModel, OneSizeCannotTellWhatASampleTakes) {
    const std::vector<MemoryTrace> one = {step({{4, 1}, {4, 2}})};
    EXPECT_EQ(PeakModel::fit(observe(one)).error().code, Errc::invalid_input);
    EXPECT_EQ(PeakModel::fit({}).error().code, Errc::invalid_input);
}

TEST(PeakModel, AnotherSequenceOfEventsIsAnotherKernel) {
    const std::vector<MemoryTrace> traces = {
        step({{8, 1}, {8, 2}}, Kernels::switch_at_16),
        step({{16, 1}, {16, 2}}, Kernels::switch_at_16)};
    const auto model = PeakModel::fit(observe(traces));
    ASSERT_FALSE(model);
    EXPECT_EQ(model.error().code, Errc::unsupported);
    EXPECT_NE(model.error().message.find("event 4"), std::string::npos) << model.error().message;
    const auto small = parts_of(traces[0]).micro_batches;
    const auto large = parts_of(traces[1]).micro_batches;
    EXPECT_NE(sequence_digest(small[0]), sequence_digest(large[0]));
    EXPECT_EQ(sequence_digest(small[0]), sequence_digest(small[1])) << "sizes do not count";
}

TEST(PeakModel, WhatIsObservedBeyondNeedMustAgree) {
    auto traces = probes();
    traces.push_back(step({{12, 3}, {12, 1}}));
    EXPECT_TRUE(PeakModel::fit(observe(traces)));
    traces.back().events[1].bytes += 4096;  // of the first micro-batch's first block
    const auto model = PeakModel::fit(observe(traces));
    ASSERT_FALSE(model);
    EXPECT_EQ(model.error().code, Errc::unsupported);
}

TEST(PeakModel, ABlockThatShrinksIsNotAffine) {
    auto traces = probes();
    traces[1].events[1].bytes = 1;
    EXPECT_EQ(PeakModel::fit(observe(traces)).error().code, Errc::unsupported);
}

TEST(PeakModel, ThePhasesAreTheFallback) {
    const std::vector<MemoryTrace> traces = {
        step({{8, 1}, {8, 2}}, Kernels::switch_at_16),
        step({{16, 1}, {16, 2}}, Kernels::switch_at_16)};
    const auto model = PeakModel::fit_phases(observe(traces));
    ASSERT_TRUE(model) << model.error().message;
    EXPECT_EQ(model->exactness(), Exactness::by_phase);
    const auto truth = static_cast<double>(peak_of(step({{200, 1}})));
    EXPECT_NEAR(static_cast<double>(model->peak(200, 1)), truth, truth * 0.03);
    EXPECT_GT(model->margin(), PeakModel({}, Exactness::exact).margin());
}

TEST(PeakModel, AnEmptyModelNeedsNothing) {
    EXPECT_EQ(PeakModel().peak(32, 1), 0);
    EXPECT_EQ(PeakModel().peak_plane(32, 1), Plane{});
}

TEST(TraceObservations, EqualWorkGivesEqualEventsWhereverItStands) {
    const auto parts = parts_of(step({{4, 1}, {4, 1}}));
    ASSERT_EQ(parts.micro_batches.size(), 2u);
    EXPECT_EQ(parts.micro_batches[0].events, parts.micro_batches[1].events);
    EXPECT_EQ(parts.micro_batches[0].base_bytes, parts.micro_batches[1].base_bytes);
    EXPECT_EQ(parts.micro_batches[0].backward, 3u);
    EXPECT_EQ(parts.prepares.size(), 1u);
    EXPECT_EQ(parts.updates.size(), 1u);
}

TEST(TraceObservations, ABlockOfAnEarlierPartIsAnOlderOne) {
    MemoryTrace trace;
    trace.events = {
        {Kind::allocate, 0, 10},
        {Kind::allocate, 1, 20},
        {Kind::release, 0, 10},
        {Kind::release, 1, 20}};
    trace.segments = {{Part::prepare, 1, 0, 0}, {Part::update, 1, 0, 1}};
    const auto update = parts_of(trace).updates[0];
    EXPECT_EQ(update.events[0], (MemoryEvent{Kind::allocate, 0, 20}));
    EXPECT_EQ(update.events[1], (MemoryEvent{Kind::release_older, 0, 10}));
    EXPECT_EQ(update.events[2], (MemoryEvent{Kind::release, 0, 20}));
}

TEST(TimeModelFit, NoPartIsNegative) {
    const auto line = fit_times(4, 0.5, 8, 0.9);
    EXPECT_NEAR(line.per_sample, 0.1, 1e-12);
    EXPECT_NEAR(line.per_micro_batch, 0.1, 1e-12);
    const auto faster = fit_times(4, 0.9, 8, 0.5);  // the first one warmed up
    EXPECT_GE(faster.per_sample, 0);
    EXPECT_GE(faster.per_micro_batch, 0);
    const auto steep = fit_times(4, 0.1, 8, 0.9);
    EXPECT_NEAR(steep.micro_batches(1, 4), 0.1, 1e-12);
    EXPECT_GE(steep.per_micro_batch, 0);
}

}  // namespace
}  // namespace bw::plan
