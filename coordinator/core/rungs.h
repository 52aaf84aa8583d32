// Asynchronous successive halving in a sweep: who waits at a rung, who goes on. The decisions are
// sweeps/search/asha.h's; here they become events. Private to coordinator/core.
#pragma once

#include "coordinator/core/curves.h"
#include "coordinator/core/draft.h"

namespace bw::core {

/// The job has just reported: when that brought it to a rung and it is not among the best there, it
/// is told to wait.
void hold_at_rung(Draft& draft, SweepId id, JobId job, const Curves& curves);

}  // namespace bw::core
