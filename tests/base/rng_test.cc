#include "base/rng.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

namespace bw {
namespace {

// SplitMix64's published stream for the seed 1234567 (the reference program of Vigna's page).
TEST(Rng, IsSplitMix64) {
    Rng rng(1234567);
    EXPECT_EQ(rng.next(), 6457827717110365317ull);
    EXPECT_EQ(rng.next(), 3203168211198807973ull);
    EXPECT_EQ(rng.next(), 9817491932198370423ull);
    EXPECT_EQ(rng.next(), 4593380528125082431ull);
    EXPECT_EQ(rng.next(), 16408922859458223821ull);
}

TEST(Rng, ACounterIsAPositionInTheStream) {
    Rng whole(9);
    for (int i = 0; i < 5; ++i) whole.next();
    Rng later(9, 5);
    EXPECT_EQ(whole.next(), later.next());
}

TEST(Rng, KeysDependOnEveryWordAndOnTheirOrder) {
    EXPECT_EQ(key_of(1, 2, 3), key_of(1, 2, 3));
    EXPECT_NE(key_of(1, 2, 3), key_of(1, 3, 2));
    EXPECT_NE(key_of(1, 2), key_of(1, 2, 0));
    EXPECT_NE(key_of(0), key_of(0, 0));
}

TEST(Rng, UniformNumbersFillTheUnitInterval) {
    Rng rng(4);
    double sum = 0, squares = 0;
    constexpr int kCount = 100'000;
    for (int i = 0; i < kCount; ++i) {
        const double x = rng.uniform();
        ASSERT_GE(x, 0.0);
        ASSERT_LT(x, 1.0);
        sum += x;
        squares += x * x;
    }
    EXPECT_NEAR(sum / kCount, 0.5, 0.005);
    EXPECT_NEAR(squares / kCount, 1.0 / 3, 0.005);
}

TEST(Rng, NormalNumbersHaveTheirMoments) {
    Rng rng(5);
    double sum = 0, squares = 0, cubes = 0;
    constexpr int kCount = 100'000;
    for (int i = 0; i < kCount; ++i) {
        const double x = rng.normal();
        ASSERT_TRUE(std::isfinite(x));
        sum += x;
        squares += x * x;
        cubes += x * x * x;
    }
    EXPECT_NEAR(sum / kCount, 0, 0.02);
    EXPECT_NEAR(squares / kCount, 1, 0.02);
    EXPECT_NEAR(cubes / kCount, 0, 0.06);
}

TEST(Rng, BelowIsUnbiasedWithinItsBound) {
    Rng rng(6);
    std::vector<int> counts(7);
    for (int i = 0; i < 70'000; ++i) ++counts.at(rng.below(7));
    for (const int count : counts) EXPECT_NEAR(count, 10'000, 500);
    EXPECT_EQ(rng.below(1), 0u);
}

TEST(Rng, APermutationHoldsEachNumberOnce) {
    for (const std::uint32_t n : {0u, 1u, 2u, 17u, 1000u}) {
        std::vector<std::uint32_t> order = permutation(n, 42);
        EXPECT_EQ(order, permutation(n, 42));
        std::sort(order.begin(), order.end());
        std::vector<std::uint32_t> expected(n);
        std::iota(expected.begin(), expected.end(), 0u);
        EXPECT_EQ(order, expected);
    }
    EXPECT_NE(permutation(1000, 1), permutation(1000, 2));
}

TEST(Rng, EveryNumberComesFirstEquallyOften) {
    std::vector<int> counts(5);
    for (std::uint64_t key = 0; key < 20'000; ++key) ++counts.at(permutation(5, key).front());
    for (const int count : counts) EXPECT_NEAR(count, 4000, 250);
}

}  // namespace
}  // namespace bw
