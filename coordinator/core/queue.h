// The queue: points become jobs, jobs become attempts, sweeps end. Private to coordinator/core.
#pragma once

#include "coordinator/core/draft.h"

namespace bw::core {

/// Everything that is due once slots, jobs or sweeps have changed: retries whose time has come,
/// points, placement, the end of sweeps.
void settle_queue(Draft& draft);

/// Whether settle_queue stopped at kPointsPerDecisionMax and has more to do at once.
bool has_points_due(const State& state);

}  // namespace bw::core
