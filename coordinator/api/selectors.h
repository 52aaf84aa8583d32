// How clients name things: `last`, a sweep's number or name, `SWEEP/3`, `SWEEP/1,4-7`, `SWEEP/*`,
// an agent's name. The one place that reads these. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "coordinator/core/state.h"

namespace bw::api {

/// Ordinals from first to last, both included.
struct OrdinalRange {
    std::uint64_t first = 0, last = 0;
    friend bool operator==(const OrdinalRange&, const OrdinalRange&) = default;
};

using Points = std::vector<OrdinalRange>;

/// A sweep, or some of its points.
struct Selected {
    const core::SweepRecord* sweep = nullptr;
    std::optional<std::string> points;  // as written, well-formed; nothing: the sweep as a whole
};

/// The sweep's `name`, or, when it has none, its file's.
std::string name_of(const core::SweepRecord& sweep);

/// `last`, a number, or a name (of several sweeps of that name the newest). Errors: not_found.
Result<const core::SweepRecord*> pick_sweep(const core::State& state, const std::string& text);

/// "3", "1,4-7", "*". Errors: invalid_input.
Result<Points> parse_points(std::string_view text);

/// The jobs of these points, by ordinal. Errors: invalid_input; not_found when a range holds none.
Result<std::vector<JobId>> pick_jobs(
    const core::State& state, const core::SweepRecord& sweep, std::string_view points
);

/// Likewise for a single ordinal. Errors: invalid_input for several.
Result<const core::JobRecord*> pick_job(
    const core::State& state, const core::SweepRecord& sweep, std::string_view ordinal
);

/// A whole selector. Errors: not_found, invalid_input.
Result<Selected> select(const core::State& state, const std::string& selector);

/// By name, else by number. Errors: not_found.
Result<const core::AgentRecord*> pick_agent(const core::State& state, const std::string& text);

}  // namespace bw::api
