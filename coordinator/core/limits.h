// Limits of the coordinator's policy, each with its reason.
#pragma once

#include "base/time.h"

namespace bw::core {

/// Jobs per sweep that exist but were never placed: enough that no slot waits for a point, few
/// enough that a grid of a million points costs no more than one of a hundred. Refilled when half
/// are used up.
inline constexpr std::int64_t kPointsAhead = 64;

/// Points that one decision may suggest (more only when many are refused at once); the rest follows
/// at the next timer.
inline constexpr std::int64_t kPointsPerDecisionMax = 1024;

/// Exponential back-off between the attempts of a job that failed by itself.
inline constexpr Duration kRetryDelayFirst = seconds(1);
inline constexpr Duration kRetryDelayMax = seconds(60);

/// After an agent has joined others may follow, larger ones too: what fits no slot is refused only
/// when none has for so long, or all that were announced are there. Longer than mpirun and srun
/// take to start their processes on many hosts; a job that is refused later loses nothing.
inline constexpr Duration kAgentsSettle = seconds(10);

/// Attempts in a row that died (crashed or were killed) without a newer checkpoint before the job
/// counts as failed: few when they never came to train, more when they did, since what kills from
/// outside hits those as well.
inline constexpr int kDeathsWithoutProgressMax = 5;
inline constexpr int kDeathsWhileTrainingMax = 20;

}  // namespace bw::core
