// `verify`: reads the journal's events from the first one, one after the other, with books of its
// own (it does not trust apply()), and says whether the promises hold: every point has exactly one
// terminal state with a reason; every accepted checkpoint came from the attempt that was live then,
// and every resume from an accepted checkpoint of the same job. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "coordinator/core/event.h"

namespace bw::api {

class Audit {
public:
    /// Events of other sweeps are counted, not judged.
    explicit Audit(SweepId sweep) : sweep_(sweep) {}

    void visit(std::uint64_t sequence, const core::Event& event);

    /// Something else that must not be, at the event that was visited last.
    void blame(const std::string& problem);

    /// {sweep, ok, complete, problems: [...], events, points, total, ended: {finished: 3, ...},
    /// attempts, checkpoints, resumes}. `ok`: nothing contradicts a promise; `complete`: besides,
    /// every point of the sweep has its terminal state.
    [[nodiscard]] nlohmann::json report() const;

private:
    struct Job {
        std::uint64_t ordinal = 0;
        std::uint32_t attempts = 0;         // placed so far
        std::optional<std::uint32_t> live;  // the attempt that holds slots
        std::size_t ranks_live = 0;         // of it
        std::set<std::string> checkpoints;  // paths of the accepted ones
        std::optional<core::JobState> ended;
        std::string reason;
    };

    void on(const core::SweepSubmitted& event);
    void on(const core::SweepLimitsChanged& event);
    void on(const core::PointsSuggested& event);
    void on(const core::SearchEnded& event);
    void on(const core::SweepEnded& event);
    void on(const core::AttemptPlaced& event);
    void on(const core::RankEnded& event);
    void on(const core::CheckpointAccepted& event);
    void on(const core::JobEnded& event);
    void on(const core::JobReopened& event);
    void on(const core::SweepReopened& event);

    template <class Other>
    void on(const Other&) {}  // promises nothing of the kind

    Job* find(JobId job);
    [[nodiscard]] std::string point(const Job& job) const;

    SweepId sweep_;
    std::uint64_t sequence_ = 0, events_ = 0;
    bool submitted_ = false, exhausted_ = false, over_ = false;
    bool search_ended_ = false;  // before all that the file allows; there will be no more points
    std::optional<std::uint64_t> total_;
    std::map<JobId, Job> jobs_;
    std::set<std::uint64_t> ordinals_;
    std::uint64_t checkpoints_ = 0, resumes_ = 0;
    std::vector<std::string> problems_;
    std::uint64_t problems_all_ = 0;
};

}  // namespace bw::api
