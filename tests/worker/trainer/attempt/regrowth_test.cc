#include "worker/trainer/attempt/regrowth.h"

#include <gtest/gtest.h>

namespace bw::trainer {
namespace {

TEST(Regrowth, WithoutATryThatFailedThereIsNothingToRegain) {
    const Regrowth regrowth;
    EXPECT_FALSE(regrowth.is_due(1'000'000));
}

TEST(Regrowth, IsDueAfterEnoughCleanSteps) {
    Regrowth regrowth;
    regrowth.shrank(50, 16);
    EXPECT_FALSE(regrowth.is_due(50 + Regrowth::kCleanSteps - 1));
    EXPECT_TRUE(regrowth.is_due(50 + Regrowth::kCleanSteps));
    regrowth.shrank(100, 8);
    EXPECT_FALSE(regrowth.is_due(50 + Regrowth::kCleanSteps)) << "the count begins again";
    regrowth.stayed(100 + Regrowth::kCleanSteps);
    EXPECT_FALSE(regrowth.is_due(101 + Regrowth::kCleanSteps));
    EXPECT_TRUE(regrowth.is_due(100 + 2 * Regrowth::kCleanSteps));
}

TEST(Regrowth, IsSeldom) {
    Regrowth regrowth;
    regrowth.shrank(0, 16);
    regrowth.grew(200, 16);
    regrowth.shrank(210, 16);
    EXPECT_FALSE(regrowth.is_due(210 + Regrowth::kCleanSteps));
    EXPECT_TRUE(regrowth.is_due(200 + Regrowth::kStepsBetween));
}

TEST(Regrowth, NeverToASizeThatFailedAfterIt) {
    Regrowth regrowth;
    regrowth.shrank(0, 32);
    EXPECT_FALSE(regrowth.is_banned(32)) << "it had fitted once";
    regrowth.grew(200, 32);
    regrowth.shrank(300, 32);
    EXPECT_TRUE(regrowth.is_banned(32));
    EXPECT_TRUE(regrowth.is_banned(40));
    EXPECT_FALSE(regrowth.is_banned(31));
}

}  // namespace
}  // namespace bw::trainer
