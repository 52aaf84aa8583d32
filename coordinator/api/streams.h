// GET /api/v1/sweeps/ID/events: what happens in a sweep as it happens. A stream begins with a
// snapshot; what is published after it is exactly what the snapshot does not hold yet, because both
// come from the replica, in order. Loop thread only.
//   snapshot  the sweep with its unfinished jobs      job    a job's new state
//   progress  a sample of a running job                epoch  what an epoch measured
//   ended     the sweep is over and its results are on disk
#pragma once

#include <filesystem>
#include <set>

#include "coordinator/api/render.h"
#include "coordinator/api/replica.h"
#include "coordinator/api/router.h"

namespace bw::api {

class Streams {
public:
    Streams(Replica& replica, std::filesystem::path state_dir, std::function<Instant()> now)
        : replica_(replica), state_dir_(std::move(state_dir)), now_(std::move(now)) {}

    void answer(const Call& call, const http::Reply& reply);

    /// A durable event that the replica has been given already.
    void publish(const core::Event& event);

    void publish_progress(const core::JobRecord& job, const Progress& progress);

    /// The sweep is over, and its results are being written: nobody is told `ended` before
    /// announce_results(), also who begins to follow now.
    void await_results(SweepId sweep) { unwritten_.insert(sweep); }

    void announce_results(SweepId sweep);

private:
    struct Message {
        std::string topic, name, json;
    };

    http::Feed feed_;
    std::set<SweepId> unwritten_;
    Replica& replica_;
    std::filesystem::path state_dir_;
    std::function<Instant()> now_;
};

}  // namespace bw::api
