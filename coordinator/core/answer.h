// What a searcher is asked and answers: from the books of a sweep to its next points. Pure, and
// slow with many results: the shell calls answer_of() off the loop.
#pragma once

#include <vector>

#include "coordinator/core/core.h"
#include "sweeps/search/next_points.h"

namespace bw::core {

/// The jobs of a sweep as a searcher sees them.
std::vector<search::PastJob> past_jobs(const State& state, const SweepRecord& sweep);

/// Pure; slow. Never throws.
SearcherAnswered answer_of(
    const sweeps::Sweep& sweep, const std::vector<search::PastJob>& past, const PointsWanted& wanted
);

}  // namespace bw::core
