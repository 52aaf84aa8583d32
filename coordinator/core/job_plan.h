// How a job runs: its plan, from the sweep's options and the point's parameters. Pure.
#pragma once

#include <string_view>

#include "base/result.h"
#include "plan/split.h"
#include "sweeps/sweep.h"

namespace bw::core {

/// Errors: Errc::refused with the arithmetic; then no attempt of the job could ever run.
Result<plan::Plan> plan_of(const sweeps::Sweep& sweep, std::string_view params_json);

}  // namespace bw::core
