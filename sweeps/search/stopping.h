// Rules that end a job early, each a question about histories of losses (lower is better, one entry
// per report of the metric). Pure. W&B's hyperband is sweeps/hyperband.h, halving is asha.h.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace bw::search {

using History = std::vector<double>;

struct MedianRule {
    std::int64_t min_iter = 1;  // a job is safe before so many reports
    std::size_t min_jobs = 3;   // and while fewer others have got so far
};

/// Vizier's rule: the job's best loss so far is worse than the median of the others' mean losses
/// over as many reports. Entries that are not finite are left out.
bool is_below_median(const MedianRule& rule, const History& own, std::span<const History> others);

struct PatienceRule {
    std::int64_t reports = 10;
    double min_delta = 0;  // an improvement must be larger than this
};

/// No improvement in the last `reports` reports. A report that is not finite is none.
bool has_stalled(const PatienceRule& rule, const History& own);

/// The report (from 1) at which the target was first reached, if it was.
std::optional<std::size_t> reached_at(double target_loss, const History& own);

/// What a loss that is not finite means for its job.
enum class NotFinite {
    stops,   // at the first one
    counts,  // stops after three in a row: a spike may pass, divergence does not
    passes,  // never stops; the searcher drops such values
};

bool must_stop(NotFinite policy, const History& own);

}  // namespace bw::search
