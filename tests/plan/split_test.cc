// Properties of the exact split, over every small (B, g, w, m) and over random large ones: the
// sentences of plan/split.h, each checked by counting samples, never by repeating the formula.
#include "plan/split.h"

#include <algorithm>
#include <numeric>

#include <gtest/gtest.h>

#include "base/rng.h"

namespace bw::plan {
namespace {

std::int64_t sum(const std::vector<std::int64_t>& values) {
    return std::accumulate(values.begin(), values.end(), std::int64_t{0});
}

// Positions at which a share may begin or end.
std::vector<std::int64_t> borders_of(const std::vector<std::int64_t>& sizes) {
    std::vector<std::int64_t> borders = {0};
    for (const std::int64_t size : sizes) borders.push_back(borders.back() + size);
    return borders;
}

bool is_border(const std::vector<std::int64_t>& borders, std::int64_t position) {
    return std::binary_search(borders.begin(), borders.end(), position);
}

struct Case {
    std::int64_t batch, group;
    int world_size;
    std::int64_t micro_batch;
};

std::ostream& operator<<(std::ostream& out, const Case& c) {
    return out << "B=" << c.batch << " g=" << c.group << " w=" << c.world_size
               << " m=" << c.micro_batch;
}

void expect_groups_are_balanced(std::int64_t batch, std::int64_t group) {
    const std::vector<std::int64_t> sizes = group_sizes(batch, group);
    EXPECT_EQ(sum(sizes), batch);
    EXPECT_TRUE(std::is_sorted(sizes.rbegin(), sizes.rend())) << "larger groups first";
    EXPECT_LE(sizes.front() - sizes.back(), 1);
    EXPECT_LE(sizes.front(), std::max<std::int64_t>(1, group));
    EXPECT_GE(sizes.back(), 1);
    if (group == 0) return;
    EXPECT_LT((std::ssize(sizes) - 1) * group, batch) << "as few groups as possible";
}

void expect_shares_cover_the_batch(const std::vector<Range>& shares, const Case& c) {
    const std::vector<std::int64_t> borders = borders_of(group_sizes(c.batch, c.group));
    ASSERT_EQ(std::ssize(shares), c.world_size);
    std::int64_t position = 0;
    for (const Range& share : shares) {
        EXPECT_EQ(share.begin, position);
        EXPECT_GE(share.size(), 0);
        EXPECT_TRUE(is_border(borders, share.end));
        position = share.end;
    }
    EXPECT_EQ(position, c.batch);
}

std::int64_t groups_in(const std::vector<std::int64_t>& borders, Range range) {
    return std::lower_bound(borders.begin(), borders.end(), range.end) -
           std::lower_bound(borders.begin(), borders.end(), range.begin);
}

void expect_shares_are_equal_to_within_one_group(const std::vector<Range>& shares, const Case& c) {
    const std::vector<std::int64_t> borders = borders_of(group_sizes(c.batch, c.group));
    std::vector<std::int64_t> counts;
    for (const Range& share : shares) counts.push_back(groups_in(borders, share));
    EXPECT_TRUE(std::is_sorted(counts.rbegin(), counts.rend())) << "larger shares first";
    EXPECT_LE(counts.front() - counts.back(), 1);
}

void expect_micro_batches_cover_the_share(
    const std::vector<MicroBatch>& micros, Range share, const Case& c
) {
    const std::vector<std::int64_t> sizes = group_sizes(c.batch, c.group);
    const std::vector<std::int64_t> borders = borders_of(sizes);
    std::int64_t position = share.begin;
    for (const MicroBatch& micro : micros) {
        EXPECT_EQ(micro.samples.begin, position);
        EXPECT_GT(micro.samples.size(), 0);
        EXPECT_LE(micro.samples.size(), c.micro_batch);
        EXPECT_TRUE(is_border(borders, micro.samples.end));
        position = micro.samples.end;
        if (c.group == 0) {
            EXPECT_TRUE(micro.group_sizes.empty());
            continue;
        }
        EXPECT_EQ(sum(micro.group_sizes), micro.samples.size());
        const auto first =
            std::lower_bound(borders.begin(), borders.end(), micro.samples.begin) - borders.begin();
        EXPECT_TRUE(
            std::equal(micro.group_sizes.begin(), micro.group_sizes.end(), sizes.begin() + first)
        );
    }
    EXPECT_EQ(position, share.end);
}

void expect_micro_batches_are_few_and_balanced(
    const std::vector<MicroBatch>& micros, Range share, const Case& c
) {
    if (micros.empty()) return;
    const std::vector<std::int64_t> borders = borders_of(group_sizes(c.batch, c.group));
    std::vector<std::int64_t> samples, groups;
    for (const MicroBatch& micro : micros) {
        samples.push_back(micro.samples.size());
        groups.push_back(groups_in(borders, micro.samples));
    }
    EXPECT_TRUE(std::is_sorted(samples.rbegin(), samples.rend())) << "smaller micro-batches last";
    EXPECT_LE(groups.front() - groups.back(), 1);
    if (micros.size() == 1) return;
    // One micro-batch fewer would need a first one of ceil(groups / (count - 1)) groups: it must
    // not fit.
    const auto fewer = std::ssize(micros) - 1;
    const auto first =
        std::lower_bound(borders.begin(), borders.end(), share.begin) - borders.begin();
    const auto needed = (groups_in(borders, share) + fewer - 1) / fewer;
    EXPECT_GT(borders[first + needed] - share.begin, c.micro_batch)
        << "as few micro-batches as possible";
}

// Every property for one case; what the plan promises must be what the ranks then do.
void expect_exact(const Case& c) {
    SCOPED_TRACE(testing::Message() << c);
    const std::vector<Range> shares = rank_shares(c.batch, c.group, c.world_size);
    expect_shares_cover_the_batch(shares, c);
    expect_shares_are_equal_to_within_one_group(shares, c);
    std::int64_t samples = 0, largest = 0, most = 0;
    for (const Range& share : shares) {
        const std::vector<MicroBatch> micros =
            micro_batches(c.batch, c.group, share, c.micro_batch);
        expect_micro_batches_cover_the_share(micros, share, c);
        expect_micro_batches_are_few_and_balanced(micros, share, c);
        most = std::max<std::int64_t>(most, std::ssize(micros));
        for (const MicroBatch& micro : micros) {
            samples += micro.samples.size();
            largest = std::max(largest, micro.samples.size());
        }
    }
    EXPECT_EQ(samples, c.batch) << "the global batch is exact";
    if (c.world_size > std::ssize(group_sizes(c.batch, c.group))) return;
    const Result<Plan> plan = make_plan(c.batch, c.group, c.world_size, c.micro_batch);
    ASSERT_TRUE(plan.has_value());
    EXPECT_EQ(plan->micro_batch, largest);
    EXPECT_EQ(plan->accumulation, most);
    for (const Range& share : shares) {  // m as planned cuts as m as asked did
        EXPECT_EQ(
            micro_batches(c.batch, c.group, share, plan->micro_batch).size(),
            micro_batches(c.batch, c.group, share, c.micro_batch).size()
        );
    }
}

TEST(Split, GroupsAreBalancedForEverySmallBatch) {
    for (std::int64_t batch = 1; batch <= 130; ++batch) {
        for (std::int64_t group = 0; group <= batch + 3; ++group) {
            SCOPED_TRACE(testing::Message() << "B=" << batch << " g=" << group);
            expect_groups_are_balanced(batch, group);
            if (HasFailure()) return;
        }
    }
}

TEST(Split, TheBatchIsExactForEverySmallCase) {
    for (std::int64_t batch = 1; batch <= 24; ++batch) {
        for (std::int64_t group = 0; group <= batch; ++group) {
            for (int world_size = 1; world_size <= 7; ++world_size) {
                for (std::int64_t m = std::max<std::int64_t>(1, group); m <= batch + 1; ++m) {
                    expect_exact({batch, group, world_size, m});
                    if (HasFailure()) return;
                }
            }
        }
    }
}

TEST(Split, TheBatchIsExactForRandomLargeCases) {
    Rng rng(20240917);
    const std::vector<std::int64_t> primes = {2, 3, 5, 7, 31, 61, 127, 251, 509, 1021};
    for (int i = 0; i < 3000; ++i) {
        const std::int64_t batch = i % 2 == 0 ? primes[rng.below(primes.size())]
                                              : 1 + static_cast<std::int64_t>(rng.below(1024));
        const std::int64_t group =
            static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(batch) + 1));
        const int world_size = 1 + static_cast<int>(rng.below(16));
        const std::int64_t m =
            std::max<std::int64_t>(1, group) + static_cast<std::int64_t>(rng.below(64));
        expect_exact({batch, group, world_size, m});
        if (HasFailure()) return;
    }
}

TEST(Split, MoreRanksThanGroupsLeaveEmptySharesAtTheEnd) {
    const std::vector<Range> shares = rank_shares(5, 2, 4);  // groups 2, 2, 1
    const std::vector<Range> expected = {{0, 2}, {2, 4}, {4, 5}, {5, 5}};
    EXPECT_EQ(shares, expected);
    EXPECT_TRUE(micro_batches(5, 2, shares[3], 2).empty());
}

TEST(Split, WeightedSharesCoverTheBatchWithinOneGroupOfTheirQuota) {
    Rng rng(7);
    for (int i = 0; i < 2000; ++i) {
        const int world_size = 1 + static_cast<int>(rng.below(9));
        const std::int64_t batch = 1 + static_cast<std::int64_t>(rng.below(300));
        const std::int64_t group = static_cast<std::int64_t>(rng.below(40));
        std::vector<double> weights;
        for (int rank = 0; rank < world_size; ++rank) weights.push_back(0.05 + rng.uniform() * 4);
        const Case c{batch, group, world_size, 0};
        SCOPED_TRACE(testing::Message() << c);
        const std::vector<Range> shares = rank_shares(batch, group, world_size, weights);
        expect_shares_cover_the_batch(shares, c);
        const std::vector<std::int64_t> borders = borders_of(group_sizes(batch, group));
        const double groups = static_cast<double>(borders.size() - 1);
        const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
        for (int rank = 0; rank < world_size; ++rank) {
            const double quota = groups * weights[rank] / total;
            EXPECT_LT(
                std::abs(static_cast<double>(groups_in(borders, shares[rank])) - quota), 1.0 + 1e-9
            );
        }
        if (HasFailure()) return;
    }
}

TEST(Split, EqualWeightsAreEqualShares) {
    const std::vector<double> weights(3, 0.1);
    EXPECT_EQ(rank_shares(100, 7, 3, weights), rank_shares(100, 7, 3));
}

TEST(Split, AFasterDeviceTakesTheLargerShare) {
    const std::vector<double> weights = {1, 3};
    const std::vector<Range> expected = {{0, 16}, {16, 64}};
    EXPECT_EQ(rank_shares(64, 0, 2, weights), expected);
}

TEST(Plan, WithoutMicroBatchAWholeShareIsOneMicroBatch) {
    const Plan expected{
        .global_batch = 64, .world_size = 3, .group = 0, .micro_batch = 22, .accumulation = 1};
    EXPECT_EQ(make_plan(64, 0, 3, 0).value(), expected);
}

TEST(Plan, AMicroBatchLargerThanTheShareIsCutToIt) {
    const Plan expected{
        .global_batch = 10, .world_size = 2, .group = 0, .micro_batch = 5, .accumulation = 1};
    EXPECT_EQ(make_plan(10, 0, 2, 64).value(), expected);
}

TEST(Plan, MoreRanksThanGroupsAreRefusedWithTheArithmetic) {
    const Result<Plan> plan = make_plan(64, 32, 3, 0);
    ASSERT_FALSE(plan.has_value());
    EXPECT_EQ(plan.error().code, Errc::refused);
    EXPECT_EQ(
        plan.error().message,
        "batch_size 64 in BatchNorm groups of at most 32 makes 2 groups, fewer than world_size 3: "
        "every rank needs at "
        "least one group; use world_size 2 or less"
    );
}

TEST(Plan, MoreRanksThanSamplesAreRefused) {
    EXPECT_EQ(
        make_plan(2, 0, 4, 0).error().message,
        "batch_size 2, fewer than world_size 4: every rank needs at least one sample; use "
        "world_size 2 or less"
    );
}

TEST(Plan, AMicroBatchSmallerThanAGroupIsRefused) {
    EXPECT_EQ(
        make_plan(50, 32, 1, 8).error().message,
        "batch_size 50 in BatchNorm groups of at most 32 makes 2 groups of up to 25 samples, more "
        "than micro_batch 8 "
        "holds; use micro_batch 25 or more"
    );
}

TEST(Plan, SizesBelowOneAreRefused) {
    EXPECT_FALSE(make_plan(0, 0, 1, 0).has_value());
    EXPECT_FALSE(make_plan(8, 0, 0, 0).has_value());
    EXPECT_FALSE(make_plan(8, -1, 1, 0).has_value());
    EXPECT_FALSE(make_plan(8, 0, 1, -1).has_value());
}

}  // namespace
}  // namespace bw::plan
