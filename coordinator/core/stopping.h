// What ends jobs, and searches, before their end: W&B's hyperband, halving by rungs, median,
// patience, a target, budgets. Private to coordinator/core.
#pragma once

#include "coordinator/core/draft.h"

namespace bw::core {

/// Whether reports of the job can lead to decisions.
bool is_judged(const State& state, JobId id);

/// After `news` was added: what follows from it for its job and, with hyperband, for the others.
void judge(Draft& draft, const EpochMeasured& news);

/// A search whose target was reached before its limits changed does not begin again.
void judge_target(Draft& draft, SweepId id);

/// Ends searches that have used up their budget, or have failed too often.
void settle_bounds(Draft& draft);

/// Promotes jobs that wait at a rung while slots are free for them; ends those that nothing can
/// promote any more.
void settle_rungs(Draft& draft);

/// No more points; jobs that never ran end as `stopped`.
void end_search(Draft& draft, SweepId id, const std::string& reason);

}  // namespace bw::core
