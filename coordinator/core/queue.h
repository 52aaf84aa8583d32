// The queue: points become jobs, jobs become attempts, sweeps end. Private to coordinator/core.
#pragma once

#include "coordinator/core/draft.h"

namespace bw::core {

/// Everything that is due once slots, jobs or sweeps have changed: retries whose time has come,
/// points, placement, the end of sweeps.
void settle_queue(Draft& draft);

/// The suggested points become jobs: resized where the sweep or the model says so, refused where no
/// attempt could ever run them.
void accept_points(Draft& draft, const PointsSuggested& suggested);

std::uint64_t next_ordinal(const View& view, const SweepRecord& sweep);

/// Whether settle_queue stopped at kPointsPerDecisionMax and has more to do at once.
bool has_points_due(const State& state);

}  // namespace bw::core
