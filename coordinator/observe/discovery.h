// GET /sd: where the live agents serve /metrics, for Prometheus' HTTP service discovery. Pure.
#pragma once

#include <nlohmann/json.hpp>

#include "coordinator/core/state.h"

namespace bw::observe {

/// [{"targets": ["10.0.0.7:40123"], "labels": {}}, ...], one entry an agent. No label `agent`: all
/// that an agent serves carries it.
nlohmann::json targets_of(const core::State& state);

}  // namespace bw::observe
