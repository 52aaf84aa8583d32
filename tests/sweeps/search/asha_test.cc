#include "sweeps/search/asha.h"

#include <limits>

#include <gtest/gtest.h>

#include "base/rng.h"

namespace bw::search {
namespace {

using Progress = RungRecord::Progress;

constexpr AshaOptions kThirds{.min_iter = 1, .max_iter = 9, .eta = 3};

RungRecord paused(std::uint64_t job, std::vector<double> losses) {
    return {job, std::move(losses), Progress::paused};
}

TEST(Asha, RungsGrowByEtaBelowTheEnd) {
    using Rungs = std::vector<std::int64_t>;
    EXPECT_EQ(rungs_of({.min_iter = 1, .max_iter = 81, .eta = 3}), (Rungs{1, 3, 9, 27}));
    EXPECT_EQ(rungs_of({.min_iter = 4, .max_iter = 10, .eta = 1.5}), (Rungs{4, 6, 9}));
    EXPECT_EQ(rungs_of({.min_iter = 1, .max_iter = 5, .eta = 1.2}), (Rungs{1, 2, 3, 4}));
    EXPECT_TRUE(rungs_of({.min_iter = 9, .max_iter = 9, .eta = 3}).empty());
}

TEST(Asha, TheFirstOfARungWaitsUntilEnoughOthersHaveCome) {
    std::vector<RungRecord> records = {paused(1, {0.5}), {2, {0.7}, Progress::running}};
    EXPECT_EQ(at_rung(kThirds, records, 2, Supply::open), AtRung::pause);
    EXPECT_EQ(next_promotion(kThirds, records, Supply::open), std::nullopt);
    records.push_back({3, {0.9}, Progress::running});
    EXPECT_EQ(at_rung(kThirds, records, 3, Supply::open), AtRung::pause);
    EXPECT_EQ(next_promotion(kThirds, records, Supply::open), 1u);
}

TEST(Asha, TheBestOfThreeGoesOnAtOnce) {
    const std::vector<RungRecord> records = {
        paused(1, {0.5}), paused(2, {0.7}), {3, {0.1}, Progress::running}};
    EXPECT_EQ(at_rung(kThirds, records, 3, Supply::open), AtRung::go_on);
}

TEST(Asha, HigherRungsArePromotedFirstAndNobodyTwice) {
    std::vector<RungRecord> records = {
        paused(1, {0.1, 0.3}), paused(2, {0.2, 0.2}), paused(3, {0.3, 0.1}), paused(4, {0.05})};
    for (std::uint64_t job = 5; job <= 12; ++job) records.push_back(paused(job, {0.9}));
    EXPECT_EQ(next_promotion(kThirds, records, Supply::open), 3u);
    records[2].progress = Progress::running;
    EXPECT_EQ(next_promotion(kThirds, records, Supply::open), 4u);
    records[3].progress = Progress::running;
    EXPECT_EQ(next_promotion(kThirds, records, Supply::open), std::nullopt);
}

TEST(Asha, WhatIsNotFiniteIsNeverPromoted) {
    constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
    const std::vector<RungRecord> records = {
        paused(1, {kNan}), paused(2, {kNan}), paused(3, {kNan})};
    EXPECT_EQ(next_promotion(kThirds, records, Supply::exhausted), std::nullopt);
    EXPECT_EQ(at_rung(kThirds, records, 1, Supply::exhausted), AtRung::pause);
}

TEST(Asha, TiesGoToTheOlderJob) {
    const std::vector<RungRecord> records = {paused(8, {0.5}), paused(4, {0.5}), paused(6, {0.5})};
    EXPECT_EQ(next_promotion(kThirds, records, Supply::open), 4u);
}

TEST(Asha, AnExhaustedSearchBringsSomeJobToTheEnd) {
    const std::vector<RungRecord> records = {paused(1, {0.5, 0.4}), paused(2, {0.7})};
    EXPECT_EQ(next_promotion(kThirds, records, Supply::open), std::nullopt);
    EXPECT_EQ(next_promotion(kThirds, records, Supply::exhausted), 1u);
}

// Whatever the order of reports: at most 1/eta of a rung is promoted, and always its best.
TEST(Asha, NoRungPromotesMoreThanItsShare) {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        Rng rng(seed);
        std::vector<RungRecord> records;
        for (std::uint64_t job = 1; job <= 40; ++job) {
            records.push_back(paused(job, {rng.uniform()}));
            while (const auto next = next_promotion(kThirds, records, Supply::open))
                records[*next - 1].losses.push_back(rng.uniform());
        }
        std::size_t first = 0, second = 0, third = 0;
        for (const RungRecord& record : records) {
            first += record.losses.size() >= 1 ? 1 : 0;
            second += record.losses.size() >= 2 ? 1 : 0;
            third += record.losses.size() >= 3 ? 1 : 0;
        }
        EXPECT_EQ(first, 40u);
        EXPECT_GE(second, 13u);  // more than a third when later jobs push earlier ones down
        EXPECT_LE(second, 25u);
        EXPECT_LT(third, second);
    }
}

}  // namespace
}  // namespace bw::search
