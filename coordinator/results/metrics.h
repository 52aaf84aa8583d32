// The measured values of a job. Pure.
#pragma once

#include <optional>
#include <string>

#include "coordinator/core/state.h"

namespace bw::results {

/// From the job's result, or, while there is none, from its newest epoch that has the value; finite
/// ones only.
std::optional<double> metric_of(const core::JobRecord& job, const std::string& metric);

}  // namespace bw::results
