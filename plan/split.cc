#include "plan/split.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <string>
#include <utility>

#include "base/assert.h"

namespace bw::plan {
namespace {

// `items` in `parts` runs whose sizes differ by at most one, larger ones first; all by arithmetic,
// so that a batch of any size costs nothing until somebody asks for its list of groups.
struct Balanced {
    std::int64_t items = 0, parts = 1;

    [[nodiscard]] std::int64_t begin(std::int64_t part) const {
        return part * (items / parts) + std::min(part, items % parts);
    }

    [[nodiscard]] std::int64_t size(std::int64_t part) const {
        return begin(part + 1) - begin(part);
    }
};

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

Balanced groups_of(std::int64_t batch, std::int64_t group) {
    return {
        .items = batch,
        .parts = std::max<std::int64_t>(1, group == 0 ? batch : ceil_div(batch, group))};
}

// The index of the group that begins at a sample. Shares are whole groups, so there is one.
std::int64_t group_at(const Balanced& groups, std::int64_t sample) {
    const std::int64_t larger = groups.items % groups.parts;
    const std::int64_t base = groups.items / groups.parts;
    const std::int64_t in_larger = larger * (base + 1);
    const std::int64_t index = sample <= in_larger || base == 0
                                   ? sample / (base + 1)
                                   : larger + (sample - in_larger) / base;
    BW_ASSERT(groups.begin(index) == sample, "a share begins and ends at a group's border");
    return index;
}

std::vector<std::int64_t> groups_by_weight(std::int64_t groups, std::span<const double> weights) {
    const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
    std::vector<std::int64_t> counts(weights.size());
    std::vector<std::pair<double, std::size_t>> remainders;
    std::int64_t left = groups;
    for (std::size_t rank = 0; rank < weights.size(); ++rank) {
        BW_ASSERT(
            weights[rank] > 0 && std::isfinite(weights[rank]),
            "a rank's weight is positive and finite"
        );
        const double quota = static_cast<double>(groups) * (weights[rank] / total);
        counts[rank] = std::min(left, static_cast<std::int64_t>(std::floor(quota)));
        left -= counts[rank];
        remainders.emplace_back(
            std::floor(quota) - quota, rank
        );  // negative: the largest remainder sorts first
    }
    std::sort(remainders.begin(), remainders.end());
    for (std::size_t i = 0; left > 0; i = (i + 1) % remainders.size(), --left)
        ++counts[remainders[i].second];
    return counts;
}

// The fewest balanced micro-batches of at most `limit` samples that cover groups [first, first +
// count).
Balanced cut(const Balanced& groups, std::int64_t first, std::int64_t count, std::int64_t limit) {
    const std::int64_t samples = groups.begin(first + count) - groups.begin(first);
    Balanced parts{.items = count, .parts = std::max<std::int64_t>(1, ceil_div(samples, limit))};
    // Groups shrink along the batch and so do parts, hence the first part is the largest.
    while (groups.begin(first + parts.size(0)) - groups.begin(first) > limit) ++parts.parts;
    return parts;
}

std::string groups_text(std::int64_t batch, std::int64_t group, const Balanced& groups) {
    if (group == 0) return "batch_size " + std::to_string(batch);
    return "batch_size " + std::to_string(batch) + " in BatchNorm groups of at most " +
           std::to_string(group) + " makes " + std::to_string(groups.parts) +
           (groups.parts == 1 ? " group" : " groups");
}

// Why no plan exists, with the arithmetic and the remedy, or nothing.
std::optional<std::string> refusal(
    std::int64_t global_batch, std::int64_t group, int world_size, std::int64_t micro_batch
) {
    if (global_batch < 1 || group < 0 || world_size < 1 || micro_batch < 0) {
        return "batch_size and world_size must be at least 1, groups and micro_batch at least 0";
    }
    const Balanced groups = groups_of(global_batch, group);
    const std::string cut_text = groups_text(global_batch, group, groups);
    if (world_size > groups.parts) {
        return cut_text + ", fewer than world_size " + std::to_string(world_size) +
               ": every rank needs at least one " + (group == 0 ? "sample" : "group") +
               "; use world_size " + std::to_string(groups.parts) + " or less";
    }
    if (micro_batch != 0 && micro_batch < groups.size(0)) {
        const std::string largest = std::to_string(groups.size(0));
        return cut_text + " of up to " + largest + " samples, more than micro_batch " +
               std::to_string(micro_batch) + " holds; use micro_batch " + largest + " or more";
    }
    return std::nullopt;
}

}  // namespace

std::vector<std::int64_t> group_sizes(std::int64_t batch, std::int64_t group) {
    BW_ASSERT(batch >= 0 && group >= 0, "a batch and a group are not negative");
    if (batch == 0) return {};
    const Balanced groups = groups_of(batch, group);
    std::vector<std::int64_t> sizes(static_cast<std::size_t>(groups.parts));
    for (std::size_t i = 0; i < sizes.size(); ++i)
        sizes[i] = groups.size(static_cast<std::int64_t>(i));
    return sizes;
}

std::vector<Range> rank_shares(
    std::int64_t batch, std::int64_t group, int world_size, std::span<const double> weights
) {
    BW_ASSERT(
        batch >= 0 && group >= 0 && world_size >= 1, "a batch is shared among at least one rank"
    );
    BW_ASSERT(weights.empty() || std::ssize(weights) == world_size, "there is one weight per rank");
    const Balanced groups = groups_of(batch, group);
    const Balanced equal{.items = batch == 0 ? 0 : groups.parts, .parts = world_size};
    std::vector<std::int64_t> counts;
    if (weights.empty()) {
        for (int rank = 0; rank < world_size; ++rank) counts.push_back(equal.size(rank));
    } else {
        counts = groups_by_weight(equal.items, weights);
    }
    std::vector<Range> shares;
    std::int64_t next = 0;
    for (const std::int64_t count : counts) {
        shares.push_back({.begin = groups.begin(next), .end = groups.begin(next + count)});
        next += count;
    }
    return shares;
}

std::vector<MicroBatch> micro_batches(
    std::int64_t batch, std::int64_t group, Range share, std::int64_t micro_batch
) {
    if (share.size() == 0) return {};
    const Balanced groups = groups_of(batch, group);
    const std::int64_t first = group_at(groups, share.begin);
    const std::int64_t count = group_at(groups, share.end) - first;
    BW_ASSERT(micro_batch >= groups.size(first), "a micro-batch holds at least one whole group");
    const Balanced parts = cut(groups, first, count, micro_batch);
    std::vector<MicroBatch> result;
    for (std::int64_t part = 0; part < parts.parts; ++part) {
        const std::int64_t from = first + parts.begin(part);
        const std::int64_t to = first + parts.begin(part + 1);
        MicroBatch& micro = result.emplace_back();
        micro.samples = {.begin = groups.begin(from), .end = groups.begin(to)};
        for (std::int64_t i = from; group != 0 && i < to; ++i)
            micro.group_sizes.push_back(groups.size(i));
    }
    return result;
}

std::int64_t largest_group(const Plan& plan) {
    return plan.group == 0 ? 0 : groups_of(plan.global_batch, plan.group).size(0);
}

std::vector<MicroBatch> micro_batches_of(const Plan& plan, int rank, std::int64_t batch) {
    const auto index = static_cast<std::size_t>(rank);
    std::vector<double> weights;
    for (const RankSplit& split : plan.ranks) weights.push_back(static_cast<double>(split.units));
    const std::int64_t group = largest_group(plan);
    const Range share = rank_shares(batch, group, plan.world_size, weights)[index];
    const std::int64_t size = plan.ranks.empty() ? plan.micro_batch : plan.ranks[index].micro_batch;
    return micro_batches(batch, group, share, size);
}

Result<Plan> make_plan(
    std::int64_t global_batch, std::int64_t group, int world_size, std::int64_t micro_batch
) {
    if (const auto why = refusal(global_batch, group, world_size, micro_batch))
        return fail(Errc::refused, *why);
    const Balanced groups = groups_of(global_batch, group);
    Plan plan{.global_batch = global_batch, .world_size = world_size, .group = group};
    const Balanced shares{.items = groups.parts, .parts = world_size};
    // Not only of rank 0: at m = 3 shares of 4 and 3 samples run as 2 + 2 and 3.
    for (int rank = 0; rank < world_size; ++rank) {
        const std::int64_t first = shares.begin(rank);
        const std::int64_t samples = groups.begin(shares.begin(rank + 1)) - groups.begin(first);
        const Balanced parts =
            cut(groups, first, shares.size(rank), micro_batch == 0 ? samples : micro_batch);
        plan.micro_batch =
            std::max(plan.micro_batch, groups.begin(first + parts.size(0)) - groups.begin(first));
        plan.accumulation = std::max(plan.accumulation, parts.parts);
    }
    return plan;
}

}  // namespace bw::plan
