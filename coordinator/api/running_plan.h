// How a job runs, or ran, under its memory limit, as JSON.
#pragma once

#include <nlohmann/json.hpp>

#include "coordinator/api/books.h"

namespace bw::api {

/// Sets "micro_batch" and "accumulation", and "memory": {"limit_bytes", "predicted_peak_bytes",
/// "measured_peak_bytes", "headroom_bytes", "ooms", "replans"}, null where it is not known.
void add_running_plan(nlohmann::json& job, const RunningPlan& plan);

RunningPlan plan_as_run(const core::JobResult& result);

}  // namespace bw::api
