// What the coordinator serves at /metrics (metrics/table.h), recorded from durable events as they
// happen and from the books when it is asked for. Knows no thread, socket or clock. Not
// thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "coordinator/api/books.h"
#include "coordinator/api/router.h"
#include "metrics/handler.h"
#include "metrics/sink.h"

namespace bw::observe {

class Meter {
public:
    /// After a restart: so many events are on disk, and the books follow from them. What the
    /// counters had before comes from there.
    Meter(const api::Books& books, std::uint64_t events, Instant now);

    /// A durable event, which is in the books.
    void note(const api::Books& books, const core::Event& event, Instant now);

    /// A start command of this attempt is on its way to its agent.
    void note_dispatch(const api::Books& books, AttemptId attempt, Instant now);

    /// A group commit, and the decisions that led to its events.
    void note_commit(Duration took, std::uint64_t events, const std::vector<Duration>& decisions);

    void note_request(const api::Answered& answered);

    metrics::Exposition expose(const api::Books& books, std::uint64_t journal_bytes, Instant now);

private:
    using Books = api::Books;

    void take(const Books& books, const core::SweepSubmitted& event, Instant now);
    void take(const Books& books, const core::SweepLimitsChanged& event, Instant now);
    void take(const Books& books, const core::SweepReopened& event, Instant now);
    void take(const Books& books, const core::SweepEnded& event, Instant now);
    void take(const Books& books, const core::PointsSuggested& event, Instant now);
    void take(const Books& books, const core::AgentJoined& event, Instant now);
    void take(const Books& books, const core::AgentLost& event, Instant now);
    void take(const Books& books, const core::AttemptPlaced& event, Instant now);
    void take(const Books& books, const core::AttemptRunning& event, Instant now);
    void take(const Books& books, const core::RankEnded& event, Instant now);
    void take(const Books& books, const core::JobEnded& event, Instant now);
    void take(const Books& books, const core::JobReopened& event, Instant now);

    template <class Other>
    void take(const Books&, const Other&, Instant) {}  // changes no more than the job's state

    void open(const Books& books, SweepId id);
    void set_jobs(const Books& books, SweepId id);
    void raise_lost(const Books& books, const core::JobRecord& job);
    void appear(const core::JobRecord& job);
    void describe(const core::JobRecord& job);
    void follow_waiting(const core::JobRecord& job, Instant now);

    void set_waiting(const Books& books, Instant now);
    void raise_work(const Books& books, Instant now);
    void set_agents(const Books& books);

    metrics::Sink sink_;
    std::set<SweepId> open_;            // their series are there
    std::map<SweepId, Duration> held_;  // by their attempts that are over
    std::map<JobId, Instant> waiting_;  // for slots: since when they could run
    std::map<JobId, Duration> waited_;  // before their newest attempt
};

}  // namespace bw::observe
