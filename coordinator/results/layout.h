// Where things lie in a state directory (DESIGN 5). Pure; the only place that knows.
//   STATE/sweeps/<first 12 digits of the fingerprint>-<sweep id>/   results.json, curves.csv, plot/
//   .../jobs/<ordinal>/<attempt>/                                   checkpoints, curve.csv, logs
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "coordinator/core/state.h"

namespace bw::results {

/// Names a sweep over all state directories (the text) and within one (which submission of it).
inline std::string sweep_name(const core::SweepRecord& sweep) {
    return sweep.fingerprint.substr(0, 12) + "-" + std::to_string(sweep.id.value);
}

inline std::filesystem::path sweep_dir(
    const std::filesystem::path& state_dir, const core::SweepRecord& sweep
) {
    return state_dir / "sweeps" / sweep_name(sweep);
}

inline std::filesystem::path job_dir(
    const std::filesystem::path& state_dir, const core::SweepRecord& sweep, std::uint64_t ordinal
) {
    return sweep_dir(state_dir, sweep) / "jobs" / std::to_string(ordinal);
}

inline std::filesystem::path attempt_dir(
    const std::filesystem::path& state_dir,
    const core::SweepRecord& sweep,
    std::uint64_t ordinal,
    std::uint32_t attempt
) {
    return job_dir(state_dir, sweep, ordinal) / std::to_string(attempt);
}

}  // namespace bw::results
