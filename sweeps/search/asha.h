// Asynchronous successive halving with promotion (Li et al. 2020): a job that reaches a rung waits
// there with its checkpoint, and the best of a rung are resumed. Pure: the coordinator keeps the
// records and asks; equal records give equal answers.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace bw::search {

struct AshaOptions {
    std::int64_t min_iter = 1;    // the first rung, in reports of the metric
    std::int64_t max_iter = 100;  // where a job is done; no rung stands here
    double eta = 3;               // one job of so many goes on from a rung; above 1
};

/// min_iter * eta^k, rounded down, below max_iter; strictly ascending.
std::vector<std::int64_t> rungs_of(const AshaOptions& options);

struct RungRecord {
    enum class Progress {
        running,
        paused,  // at its last rung, with a checkpoint
        ended,   // finished, stopped or failed: keeps its places, is not resumed
    };

    std::uint64_t job = 0;
    std::vector<double>
        losses;  // at each rung that it reached, from the first one; lower is better
    Progress progress = Progress::running;
};

/// Whether the search may still bring new jobs. When it cannot, the best of every rung goes on even
/// if the rung is too small to promote anyone, so that some job gets to the end.
enum class Supply { open, exhausted };

enum class AtRung { go_on, pause };

/// What a job does that has just reported its last loss. It goes on when it is among the best
/// floor(n / eta) of the n jobs that have reached its last rung. A loss that is not finite never
/// goes on; ties go to the older job.
AtRung at_rung(
    const AshaOptions& options,
    std::span<const RungRecord> records,
    std::uint64_t job,
    Supply supply
);

/// The paused job to resume next: highest rung first, then the lowest loss. Nothing when a new job
/// should start instead.
std::optional<std::uint64_t> next_promotion(
    const AshaOptions& options, std::span<const RungRecord> records, Supply supply
);

}  // namespace bw::search
