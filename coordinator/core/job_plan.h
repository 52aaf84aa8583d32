// How a job runs: its plan, from the sweep's options and the point's parameters. Pure.
#pragma once

#include <string_view>

#include "base/result.h"
#include "coordinator/core/state.h"
#include "plan/split.h"
#include "sweeps/sweep.h"

namespace bw::core {

/// On `world_size` ranks; 0: as the sweep says. Errors: Errc::refused with the arithmetic; then no
/// attempt of the job could ever run so.
Result<plan::Plan> plan_of(
    const sweeps::Sweep& sweep, std::string_view params_json, int world_size = 0
);

/// How many ranks the job's next attempt has.
int world_size_of(const SweepRecord& sweep, const JobRecord& job);

}  // namespace bw::core
