#include "plan/search.h"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

namespace bw::plan {
namespace {

constexpr std::int64_t kMiB = 1 << 20;

/// 100 MiB fixed, 5 MiB a sample, 64 KiB a group; an update that takes 150 MiB whatever m is.
Variant plain() {
    return {
        .recompute = 0,
        .peak =
            PeakModel({{100.0 * kMiB, 5.0 * kMiB, 65536}, {150.0 * kMiB, 0, 0}}, Exactness::exact),
        .time = {.per_micro_batch = 0.05, .per_sample = 0.01}};
}

Result<Choice> choose(const SearchInput& input, const std::vector<Variant>& variants = {plain()}) {
    return search_plan(input, variants);
}

SearchInput input_of(std::int64_t batch, std::int64_t group, std::vector<std::int64_t> limits_mib) {
    SearchInput input{.global_batch = batch, .group = group};
    input.world_sizes = {static_cast<int>(limits_mib.size())};
    input.devices.clear();
    for (const std::int64_t limit : limits_mib)
        input.devices.push_back({.limit_bytes = limit * kMiB});
    return input;
}

std::vector<std::int64_t> sizes_of(const Plan& plan, int rank, std::int64_t batch) {
    std::vector<std::int64_t> sizes;
    for (const auto& micro : micro_batches_of(plan, rank, batch))
        sizes.push_back(micro.samples.size());
    return sizes;
}

TEST(PlanSearch, BalancesTheFewestMicroBatchesThatFit) {
    // (343 - 0.5 % - 100) / 5 = 48 samples fit: 3 micro-batches, balanced, not 48, 48, 4.
    const auto choice = choose(input_of(100, 0, {343}));
    ASSERT_TRUE(choice) << choice.error().message;
    EXPECT_EQ(sizes_of(choice->plan, 0, 100), (std::vector<std::int64_t>{34, 33, 33}));
    EXPECT_EQ(choice->plan.micro_batch, 34);
    EXPECT_EQ(choice->plan.accumulation, 3);
    EXPECT_EQ(choice->predicted_peak_bytes, (100 + 34 * 5) * kMiB);
    EXPECT_EQ(choice->limit_bytes, 343 * kMiB);
    EXPECT_TRUE(choice->plan.ranks.empty());
    EXPECT_EQ(choice->why, "micro-batches of 34 need 270.00 MiB of 343.00 MiB (21.3 % free)");
}

TEST(PlanSearch, WhatKernelsMayChangeIsKeptFreeButNotOfASizeThatWasMeasured) {
    Variant rough = plain();
    const PeakModel line({{100.0 * kMiB, 5.0 * kMiB, 0}}, Exactness::by_phase);
    rough.peak = MemoryModel({{.smallest = 1, .largest = 4, .sequence = "", .peak = line}});
    const auto at = [&rough](std::int64_t limit_mib) {
        const auto choice = choose(input_of(60, 0, {limit_mib}), {rough});
        return choice ? choice->plan.micro_batch : 0;
    };
    EXPECT_EQ(at(121), 4) << "120 MiB, seen";
    EXPECT_EQ(at(128), 4) << "5 samples: 125 MiB and 3 %";
    EXPECT_EQ(at(129), 5);
    const auto refused = choose(input_of(60, 0, {105}), {rough});
    ASSERT_FALSE(refused);
    EXPECT_EQ(
        refused.error().message,
        "a micro-batch of 1, the smallest, needs 105.00 MiB (100.00 MiB fixed and 5.00 MiB a "
        "sample) and 0.5 % that this prediction may err by, the limit is 105.00 MiB; it would fit "
        "with a limit of 105.53 MiB"
    );
}

TEST(PlanSearch, WithoutALimitAShareIsOneMicroBatch) {
    const auto choice = choose(input_of(101, 0, {0, 0}));
    ASSERT_TRUE(choice);
    EXPECT_EQ(choice->plan.micro_batch, 51);
    EXPECT_EQ(choice->plan.accumulation, 1);
    EXPECT_EQ(choice->limit_bytes, 0);
}

TEST(PlanSearch, RefusesWithTheArithmeticAndWhatWouldFit) {
    const auto update = choose(input_of(64, 0, {140}));
    ASSERT_FALSE(update);
    EXPECT_EQ(update.error().code, Errc::refused);
    EXPECT_EQ(
        update.error().message,
        "a micro-batch of 1, the smallest, needs 150.00 MiB (150.00 MiB fixed and 0 B a sample), "
        "the "
        "limit is 140.00 MiB; it would fit with a limit of 150.75 MiB"
    );
    const auto group = choose(input_of(64, 32, {200}));
    ASSERT_FALSE(group);
    EXPECT_NE(group.error().message.find("one BatchNorm group"), std::string::npos);
    EXPECT_NE(group.error().message.find("or with bn: ghost(19)"), std::string::npos)
        << group.error().message;
}

TEST(PlanSearch, ARefusalsRemedyHolds) {
    EXPECT_TRUE(choose(input_of(40, 19, {200})));
    EXPECT_FALSE(choose(input_of(40, 20, {200})));
    SearchInput enough = input_of(64, 0, {151});
    EXPECT_TRUE(choose(enough));
}

TEST(PlanSearch, AMicroBatchThatWasAskedForMayUseTheWholeLimit) {
    SearchInput input = input_of(64, 0, {0});
    input.micro_batch = 20;
    input.devices[0].limit_bytes = 200 * kMiB;
    const auto choice = choose(input);
    ASSERT_TRUE(choice) << choice.error().message;
    EXPECT_EQ(sizes_of(choice->plan, 0, 64), (std::vector<std::int64_t>{16, 16, 16, 16}));
    input.devices[0].limit_bytes = 190 * kMiB;
    const auto refused = choose(input);
    ASSERT_TRUE(refused) << "balanced, 16 fit where 20 would not";
    input.global_batch = 60;
    const auto too_large = choose(input);
    ASSERT_FALSE(too_large);
    EXPECT_NE(
        too_large.error().message.find("a micro-batch of 20 needs 200.00 MiB"), std::string::npos
    ) << too_large.error().message;
}

TEST(PlanSearch, UnequalLimitsGiveUnequalSharesWhereThatIsFaster) {
    const auto choice = choose(input_of(240, 0, {160, 260, 600}));
    ASSERT_TRUE(choice) << choice.error().message;
    ASSERT_EQ(choice->ranks.size(), 3u);
    EXPECT_LT(choice->ranks[0].samples, choice->ranks[2].samples);
    EXPECT_LT(choice->ranks[0].micro_batch, choice->ranks[2].micro_batch);
    EXPECT_EQ(choice->limit_bytes, 160 * kMiB);
    const auto uniform = choose(input_of(240, 0, {160, 160, 160}));
    ASSERT_TRUE(uniform);
    EXPECT_LT(choice->step_seconds, uniform->step_seconds);
}

TEST(PlanSearch, AFasterDeviceTakesMore) {
    SearchInput input = input_of(90, 0, {0, 0});
    input.devices[1].speed = 2;
    const auto choice = choose(input);
    ASSERT_TRUE(choice);
    EXPECT_EQ(choice->ranks[0].samples + choice->ranks[1].samples, 90);
    EXPECT_NEAR(static_cast<double>(choice->ranks[1].samples), 60, 3);
}

TEST(PlanSearch, ChoosesTheWorldSizeThatIsFastest) {
    SearchInput input = input_of(64, 0, {1000, 1000});
    input.world_sizes = {1, 2};
    EXPECT_EQ(choose(input)->plan.world_size, 2);
    std::vector<Variant> slow_network = {plain()};
    slow_network[0].time.reduced_bytes = 1e9;
    slow_network[0].time.bandwidth = 1e8;
    EXPECT_EQ(choose(input, slow_network)->plan.world_size, 1);
}

TEST(PlanSearch, RecomputesOnlyWhereNothingElseFits) {
    Variant recompute = plain();
    recompute.recompute = 4;
    recompute.peak = PeakModel({{120.0 * kMiB, 1.0 * kMiB, 0}}, Exactness::exact);
    recompute.time.per_sample = 0.0135;
    const std::vector<Variant> variants = {plain(), recompute};
    EXPECT_EQ(choose(input_of(32, 0, {500}), variants)->recompute, 0);
    EXPECT_EQ(choose(input_of(32, 0, {125}), variants)->recompute, 4);
}

TEST(PlanSearch, AnEpochsLastBatchCountsToo) {
    // 40 in groups of at most 32 are two of 20, so a last batch of 33 is cut in 17 and 16: two
    // groups where the full batch's micro-batches have one.
    SearchInput input = input_of(64, 32, {0});
    const auto plan = make_plan(64, 32, 1, 32);
    const PeakModel groups({{0, 0, 1000}}, Exactness::exact);
    EXPECT_EQ(predicted_peak(groups, *plan, 0, 0), 1000);
    EXPECT_GE(predicted_peak(groups, *plan, 0, 33), 1000);
}

void expect_whole(const SearchInput& input, const Variant& variant, const Choice& choice) {
    for (const std::int64_t batch : {input.global_batch, input.last_batch}) {
        std::int64_t next = 0;
        for (int rank = 0; rank < choice.plan.world_size; ++rank) {
            for (const auto& micro : micro_batches_of(choice.plan, rank, batch)) {
                ASSERT_EQ(micro.samples.begin, next);
                next = micro.samples.end;
                const auto groups = static_cast<std::int64_t>(micro.group_sizes.size());
                const auto limit = input.devices[static_cast<std::size_t>(rank)].limit_bytes;
                if (limit != 0) {
                    ASSERT_LE(variant.peak.peak(micro.samples.size(), groups), limit);
                }
            }
        }
        ASSERT_EQ(next, batch);
    }
}

TEST(PlanSearch, EveryPlanCoversEveryBatchUnderEveryLimit) {
    std::mt19937_64 random(7);
    const auto below = [&random](std::int64_t n) {
        return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
    };
    int planned = 0, unequal = 0;
    for (int i = 0; i < 4000; ++i) {
        const std::int64_t batch = 1 + below(i % 4 == 0 ? 2000 : 130);
        SearchInput input{.global_batch = batch, .group = i % 3 == 0 ? 1 + below(33) : 0};
        const auto world = static_cast<int>(1 + below(5));
        input.world_sizes = {world};
        input.last_batch = below(batch);
        input.devices.assign(static_cast<std::size_t>(world), Device{});
        const std::int64_t shared_limit = 150 + below(500);
        for (Device& device : input.devices) {
            const bool same = i % 2 == 0;
            device.limit_bytes = (same ? shared_limit : 150 + below(500)) * kMiB;
            if (i % 5 == 0) device.speed = 1 + static_cast<double>(below(3));
        }
        const Variant variant = plain();
        const auto choice = choose(input);
        if (!choice) {
            EXPECT_EQ(choice.error().code, Errc::refused);
            continue;
        }
        ++planned;
        unequal += choice->plan.ranks.empty() ? 0 : 1;
        expect_whole(input, variant, *choice);
        std::int64_t samples = 0;
        for (const auto& rank : choice->ranks) samples += rank.samples;
        EXPECT_EQ(samples, batch);
        if (HasFatalFailure()) return;
    }
    EXPECT_GT(planned, 2500);
    EXPECT_GT(unequal, 500);
}

TEST(PlanSearch, EveryPrimeBatchIsCutWithinOneSampleOfBalance) {
    for (const std::int64_t batch : {2, 3, 5, 7, 31, 97, 127, 251, 509}) {
        for (int world = 1; world <= 3; ++world) {
            if (world > batch) continue;
            SearchInput input{.global_batch = batch, .group = 0};
            input.world_sizes = {world};
            input.devices.assign(static_cast<std::size_t>(world), {.limit_bytes = 200 * kMiB});
            const auto choice = choose(input);
            ASSERT_TRUE(choice);
            for (int rank = 0; rank < world; ++rank) {
                const auto sizes = sizes_of(choice->plan, rank, batch);
                EXPECT_LE(sizes.front() - sizes.back(), 1);
                EXPECT_LE(sizes.front(), 19);
                EXPECT_TRUE(std::is_sorted(sizes.rbegin(), sizes.rend()));
            }
        }
    }
}

}  // namespace
}  // namespace bw::plan
