// The exact global batch: how the B samples of an optimizer step are cut into groups, ranks and
// micro-batches. Pure. B is never rounded: step t of epoch e uses samples perm(seed, e)[tB, (t+1)B)
// whatever (w, m, a) are.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"

namespace bw::plan {

/// Half-open range of positions inside the step's batch.
struct Range {
    std::int64_t begin = 0, end = 0;

    [[nodiscard]] std::int64_t size() const { return end - begin; }

    friend bool operator==(const Range&, const Range&) = default;
};

/// One forward/backward: contiguous samples, whole groups.
struct MicroBatch {
    Range samples;
    std::vector<std::int64_t>
        group_sizes;  // in sample order; empty when the network has no BatchNorm groups
};

/// `batch` samples cut into ceil(batch / group) groups whose sizes differ by at most one, larger
/// ones first. group = 0: no groups, every sample by itself.
std::vector<std::int64_t> group_sizes(std::int64_t batch, std::int64_t group);

/// Contiguous shares of the ranks in whole groups, equal to within one group; with `weights` (one
/// per rank, > 0) proportional to them by largest remainder. More ranks than groups leaves empty
/// shares, which still take part.
std::vector<Range> rank_shares(
    std::int64_t batch, std::int64_t group, int world_size, std::span<const double> weights = {}
);

/// A rank's share cut into the fewest micro-batches of at most `micro_batch` samples in whole
/// groups, balanced (sizes differ by at most one group), larger ones first. micro_batch >= the
/// largest group.
std::vector<MicroBatch> micro_batches(
    std::int64_t batch, std::int64_t group, Range share, std::int64_t micro_batch
);

/// A rank's part where devices are unequal.
struct RankSplit {
    std::int64_t units = 0;  // whole groups of the full batch; samples where there are no groups
    std::int64_t micro_batch = 0;
    friend bool operator==(const RankSplit&, const RankSplit&) = default;
};

/// How a job runs; what a checkpoint and results.json name. Fixed for an attempt until a re-plan.
struct Plan {
    std::int64_t global_batch = 0;
    int world_size = 1;
    std::int64_t group = 0;             // BatchNorm group; 0: none
    std::int64_t micro_batch = 0;       // m: the largest micro-batch of any rank
    std::int64_t accumulation = 0;      // a: the most micro-batches of any rank
    std::vector<RankSplit> ranks = {};  // empty: equal shares, the same m for all
    friend bool operator==(const Plan&, const Plan&) = default;
};

/// The largest group of a full batch. Cuts a full batch as `group` does, and keeps the groups of an
/// epoch's last batch from being larger than a micro-batch (40 in groups of at most 32 are 20 and
/// 20; 32 would be one). 0: no groups.
std::int64_t largest_group(const Plan& plan);

/// The micro-batches of one rank in a step of `batch` samples: of the full batch, or of an epoch's
/// last one.
std::vector<MicroBatch> micro_batches_of(const Plan& plan, int rank, std::int64_t batch);

/// The plan for given w and m (m = 0: a whole share at once). Errors: Errc::refused with the
/// arithmetic.
Result<Plan> make_plan(
    std::int64_t global_batch, std::int64_t group, int world_size, std::int64_t micro_batch
);

}  // namespace bw::plan
