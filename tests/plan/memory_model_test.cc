#include "plan/memory_model.h"

#include <gtest/gtest.h>

namespace bw::plan {
namespace {

PeakModel line(double fixed, double per_sample) {
    return PeakModel({{fixed, per_sample, 0}}, Exactness::exact);
}

Regime regime(
    std::int64_t smallest, std::int64_t largest, std::string sequence, double per_sample
) {
    return {smallest, largest, std::move(sequence), line(1000, per_sample)};
}

/// With blocks of `blocks` kinds of kernels; equal counts have equal sequences.
Observation seen(std::int64_t samples, int blocks) {
    Observation observation;
    observation.samples = samples;
    for (int i = 0; i < blocks; ++i)
        observation.events.push_back({MemoryEvent::Kind::allocate, i, 100 * samples});
    return observation;
}

std::string sequence_of(int blocks) { return sequence_digest(seen(1, blocks)); }

TEST(MemoryModel, OneRegimeHoldsForAllSizes) {
    MemoryModel model;
    EXPECT_TRUE(model.is_empty());
    EXPECT_EQ(model.peak(4, 0), 0);
    model.learn(regime(4, 8, "a", 10));
    EXPECT_EQ(model.peak(1, 0), 1010);
    EXPECT_EQ(model.peak(100, 0), 2000);
    EXPECT_EQ(MemoryModel(line(5, 1)).peak(7, 0), 12);
}

TEST(MemoryModel, EachSizeHasItsRegime) {
    MemoryModel model({regime(24, 32, "b", 100), regime(4, 8, "a", 10)});
    EXPECT_EQ(model.peak(8, 0), 1080);
    EXPECT_EQ(model.peak(24, 0), 3400);
    EXPECT_EQ(model.peak(64, 0), 7400) << "the nearest one";
}

TEST(MemoryModel, BetweenThemTheKnownBorderDecides) {
    const MemoryModel model({regime(4, 8, "a", 10), regime(24, 32, "b", 100)});
    EXPECT_EQ(model.peak(15, 0), 1150);
    EXPECT_EQ(model.peak(16, 0), 2600);
}

TEST(MemoryModel, BetweenThemTheLargerHoldsWhereNoBorderIsKnown) {
    const MemoryModel high({regime(20, 24, "a", 10), regime(48, 64, "b", 100)});
    EXPECT_EQ(high.peak(30, 0), 4000);
    const MemoryModel falling({regime(20, 24, "a", 100), regime(48, 64, "b", 10)});
    EXPECT_EQ(falling.peak(30, 0), 4000);
    EXPECT_EQ(falling.peak_plane(30, 0).per_sample, 100);
}

TEST(MemoryModel, ASizeThatIsSeenWidensItsRegime) {
    MemoryModel model({regime(4, 8, "a", 10), regime(48, 64, "b", 100)});
    model.learn(regime(20, 20, "a", 10));
    ASSERT_EQ(model.regimes().size(), 2u);
    EXPECT_EQ(model.regimes()[0].largest, 20);
    EXPECT_EQ(model.peak(18, 0), 1180);
    model.learn(regime(6, 6, "a", 10));
    EXPECT_EQ(model.regimes()[0].largest, 20) << "a size within changes nothing";
}

TEST(MemoryModel, WhatIsSeenTakesItsSizesFromOthers) {
    MemoryModel model({regime(4, 40, "a", 10)});
    model.learn(regime(30, 32, "b", 100));
    EXPECT_EQ(model.peak(29, 0), 1290);
    EXPECT_EQ(model.peak(31, 0), 4100);
    EXPECT_EQ(model.peak(40, 0), 5000) << "above it nothing is left of the other";
}

TEST(MemoryModel, NewerPlanesOfTheSameKernelsHold) {
    MemoryModel model({regime(4, 8, "a", 10)});
    model.learn(regime(12, 12, "a", 11));
    EXPECT_EQ(model.peak(4, 0), 1044);
}

TEST(MemoryModel, ALineThroughPhasesGivesWayToWhatIsKnown) {
    MemoryModel model;
    model.learn({4, 24, "", PeakModel({{1000, 50, 0}}, Exactness::by_phase)});
    const double wide = model.margin(18);
    model.learn(regime(16, 20, "b", 100));
    EXPECT_EQ(model.regimes().size(), 1u);
    EXPECT_LT(model.margin(18), wide);
}

TEST(MemoryModel, SizesThatWereMeasuredNeedNoWideMargin) {
    MemoryModel model;
    model.learn({1, 4, "", PeakModel({{1000, 50, 0}}, Exactness::by_phase)});
    EXPECT_EQ(model.margin(1), margin_of(Exactness::exact));
    EXPECT_EQ(model.margin(4), margin_of(Exactness::exact));
    EXPECT_EQ(model.margin(2), margin_of(Exactness::by_phase));
    EXPECT_EQ(model.margin(9), margin_of(Exactness::by_phase));
}

TEST(MemoryModel, ConfirmsOnlyKernelsThatItKnows) {
    const MemoryModel model({{4, 8, sequence_of(2), line(0, 200)}});
    const auto wider = with_sizes_of(model, {seen(12, 2), seen(11, 2)});
    ASSERT_TRUE(wider);
    EXPECT_EQ(wider->regimes().front().largest, 12);
    EXPECT_FALSE(with_sizes_of(model, {seen(12, 2), seen(16, 3)}));
    const MemoryModel any(PeakModel({{0, 200, 0}}, Exactness::by_phase));
    EXPECT_TRUE(with_sizes_of(any, {seen(16, 3)}));
}

TEST(MemoryModel, IsAsNearAsItsMargin) {
    const MemoryModel exact(line(0, 1));
    EXPECT_TRUE(is_within_margin(exact, {16, 100000, 100400}));
    EXPECT_FALSE(is_within_margin(exact, {16, 100000, 101000}));
    const MemoryModel rough(PeakModel({{0, 1, 0}}, Exactness::by_phase));
    EXPECT_TRUE(is_within_margin(rough, {16, 100000, 101000}));
}

}  // namespace
}  // namespace bw::plan
