// What follows when a rank has ended: its peers are stopped, or the job ends, waits, or goes back
// to the queue. Private to coordinator/core.
#pragma once

#include "coordinator/core/core.h"
#include "coordinator/core/draft.h"

namespace bw::core {

/// The event by which a job ends without success: all its device time that was not lost before is
/// lost.
JobEnded unsuccessful_end(const JobRecord& job, JobState state, std::string reason, Instant now);

/// The event by which a job is stopped early: what it has shown counts, so nothing of it is lost.
JobEnded early_end(JobId job, std::string reason, Instant now);

/// After one or several RankEnded of a job's live attempt.
void follow_up(Draft& draft, JobId id);

}  // namespace bw::core
