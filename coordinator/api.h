// The HTTP API under /api/v1: what clients may ask and say. Turns requests into inputs of the core
// and state into JSON; knows no policy. Loop thread only.
//   GET  /healthz
//   POST /api/v1/sweeps              {file_name, text, fresh}  ->  {sweep, known, ended, changed,
//   name, total} GET  /api/v1/sweeps/ID           a summary GET  /api/v1/sweeps/ID/results   the
//   content of results.json, as of now GET  /api/v1/sweeps/ID/events    an event stream: snapshot,
//   then job, progress, epoch, ended GET  /api/v1/sweeps/ID/explain   why each waiting job waits
//   POST /api/v1/shutdown            agents are dismissed, the coordinator exits
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include <nlohmann/json.hpp>

#include "coordinator/http/feed.h"
#include "coordinator/http/server.h"
#include "coordinator/reactor.h"

namespace bw::proto {
class Progress;
}

namespace bw::coordinator {

class Api {
public:
    Api(Reactor& reactor,
        http::Feed& feed,
        std::filesystem::path state_dir,
        std::function<void()> shut_down);

    void handle(const http::Request& request, http::Reply reply);

    /// A durable event, for the followers of its sweep.
    void publish(const core::Event& event);

    /// A progress sample, likewise.
    void publish(const proto::Progress& progress);

    /// The results of a sweep are on disk.
    void announce_results(SweepId sweep);

private:
    void submit_sweep(const http::Request& request, http::Reply reply);
    http::Response about_sweep(const core::SweepRecord& sweep, const std::string& what);
    [[nodiscard]] nlohmann::json snapshot(const core::SweepRecord& sweep) const;
    [[nodiscard]] nlohmann::json job_json(const core::JobRecord& job) const;
    void publish_job(JobId job);

    Reactor& reactor_;
    http::Feed& feed_;
    std::filesystem::path state_dir_;
    std::function<void()> shut_down_;
};

/// Commit, LibTorch, devices, threads, data set and BatchNorm policy: what results.json says of how
/// it was made.
nlohmann::json environment_of(const core::State& state, const core::SweepRecord& sweep);

/// The parameters that tell a sweep's points apart: "model=cnn learning_rate=0.01".
std::string label_of(const core::SweepRecord& sweep, const core::JobRecord& job);

}  // namespace bw::coordinator
