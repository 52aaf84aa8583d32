#include "coordinator/core/draft.h"

#include <type_traits>

#include "base/assert.h"
#include "coordinator/core/core.h"

namespace bw::core {
namespace {

// Events of a job that change its sweep's sums.
template <class E>
constexpr bool is_booked_in_sweep = std::is_same_v<E, JobEnded> || std::is_same_v<E, JobReopened> ||
                                    std::is_same_v<E, AttemptRunning>;

}  // namespace

const JobRecord& View::job(JobId id) const {
    const auto changed = newest_->jobs.find(id);
    if (changed != newest_->jobs.end()) return changed->second;
    const auto it = base_->jobs.find(id);
    BW_ASSERT(it != base_->jobs.end(), "a decision looks only at jobs that were suggested");
    return it->second;
}

const SweepRecord& View::sweep(SweepId id) const {
    const auto changed = newest_->sweeps.find(id);
    if (changed != newest_->sweeps.end()) return changed->second;
    const auto it = base_->sweeps.find(id);
    BW_ASSERT(it != base_->sweeps.end(), "a decision looks only at sweeps that were submitted");
    return it->second;
}

const plan::Profile* View::profile(const std::string& key) const {
    for (const State* state : {newest_, base_}) {
        const auto it = state->profiles.find(key);
        if (it != state->profiles.end()) return &it->second;
    }
    return nullptr;
}

Draft::Draft(const State& base, Instant now) : base_(base), now_(now) {
    changed_.agents = base.agents;
    changed_.unfinished = base.unfinished;
    changed_.open = base.open;
    changed_.arrivals = base.arrivals;
    changed_.sweeps_last = base.sweeps_last;
    changed_.jobs_last = base.jobs_last;
    changed_.agents_last = base.agents_last;
    changed_.agent_epochs_last = base.agent_epochs_last;
}

// A sweep's list of jobs and a job's epochs grow with the history and no decision reads them: they
// stay behind, but for the last job, which says how far the points have come.
void Draft::pull(SweepId id) {
    const auto it = base_.sweeps.find(id);
    if (it == base_.sweeps.end() || changed_.sweeps.contains(id)) return;
    const SweepRecord& from = it->second;
    SweepRecord& to = changed_.sweeps[id];
    to.id = from.id;
    to.file_name = from.file_name;
    to.fingerprint = from.fingerprint;
    to.text = from.text;
    to.sweep = from.sweep;
    if (!from.jobs.empty()) to.jobs.push_back(from.jobs.back());
    to.exhausted = from.exhausted;
    to.paused = from.paused;
    to.cancelled = from.cancelled;
    to.ended = from.ended;
    to.search_end = from.search_end;
    to.world_size = from.world_size;
    to.lost = from.lost;
    to.submitted_at = from.submitted_at;
    to.ended_at = from.ended_at;
}

void Draft::pull(JobId id) {
    const auto it = base_.jobs.find(id);
    if (it == base_.jobs.end() || changed_.jobs.contains(id)) return;
    changed_.jobs[id] = it->second;
    changed_.jobs[id].epochs.clear();
}

void Draft::add(Event event) {
    std::visit(
        [this](const auto& e) {
            if constexpr (requires { e.sweep; }) pull(e.sweep);
            if constexpr (requires { e.job; }) pull(e.job);
            if constexpr (is_booked_in_sweep<std::decay_t<decltype(e)>>)
                pull(view().job(e.job).sweep);
        },
        event
    );
    core::apply(changed_, event);  // qualified: a variant finds std::apply as well
    events_.push_back(std::move(event));
}

}  // namespace bw::core
