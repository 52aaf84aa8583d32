// Reads `metric:` (SYNTAX, section 5). A misspelt goal is refused: W&B would minimise without a
// word.
#pragma once

#include <optional>

#include "sweeps/problems.h"
#include "sweeps/sweep.h"
#include "sweeps/yaml_reader.h"

namespace bw::sweeps {

enum class MetricUse { searched, shown };

std::optional<Metric> read_metric(const Entry& entry, MetricUse use, Problems& problems);

}  // namespace bw::sweeps
