// Sweeps, jobs and agents as JSON: every endpoint and event stream says a thing in the same words.
// Times are seconds since 1970 (UTC), null when not yet. Pure, but for the paths, which are only
// put together.
#pragma once

#include <filesystem>

#include <nlohmann/json.hpp>

#include "coordinator/api/books.h"

namespace bw::api {

using Json = nlohmann::json;

/// What a reader sees: the books, the present moment, where files lie.
struct View {
    const Books& books;
    Instant now;
    const std::filesystem::path& state_dir;

    [[nodiscard]] const core::State& state() const { return books.state; }
};

Json seconds_or_null(Instant at);
Json finite_or_null(double value);

/// "running", "paused", "finished", or "unsuccessful": over, but not every point finished.
const char* state_of(const View& view, const core::SweepRecord& sweep);

/// A line of a list.
Json sweep_json(const View& view, const core::SweepRecord& sweep);

/// Likewise, with the unfinished jobs.
Json sweep_detail_json(const View& view, const core::SweepRecord& sweep);

/// A line of a list.
Json job_json(const View& view, const core::JobRecord& job);

/// Everything: parameters, epochs, every attempt with its ranks.
Json job_detail_json(const View& view, const core::JobRecord& job);

Json agent_json(const core::State& state, const core::AgentRecord& agent);

/// Commit, LibTorch, devices, threads, data set and BatchNorm policy: what results.json says of how
/// it was made.
Json environment_of(const core::State& state, const core::SweepRecord& sweep);

/// The parameters that tell a sweep's points apart: "model=cnn learning_rate=0.01".
std::string label_of(const core::SweepRecord& sweep, const core::JobRecord& job);

}  // namespace bw::api
