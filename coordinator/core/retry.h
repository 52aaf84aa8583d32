// What follows when a rank has ended: its peers are stopped, or the job ends, waits, or goes back
// to the queue. Private to coordinator/core.
#pragma once

#include "coordinator/core/draft.h"

namespace bw::core {

/// After one or several RankEnded of a job's live attempt.
void follow_up(Draft& draft, JobId id);

}  // namespace bw::core
