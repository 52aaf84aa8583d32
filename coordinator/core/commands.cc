// What people ask for: cancel, pause, resume, run again.
#include <algorithm>

#include "coordinator/core/handlers.h"
#include "coordinator/core/job_plan.h"

namespace bw::core {
namespace {

const char* const kOnRequest = "on request";

// The jobs that a selection names, in order; those of the whole sweep when it names none.
// `candidates` are the jobs that the command can be about.
template <class Ids>
std::vector<JobId> select(const View& view, const Selection& selection, const Ids& candidates) {
    std::vector<JobId> found;
    for (const JobId id : candidates) {
        const bool is_named =
            selection.jobs.empty() || std::ranges::find(selection.jobs, id) != selection.jobs.end();
        if (is_named && view.job(id).sweep == selection.sweep) found.push_back(id);
    }
    return found;
}

std::vector<JobId> select_unfinished(const Draft& draft, const Selection& selection) {
    return select(draft.view(), selection, draft.base().unfinished);
}

// The whole sweep, when that is what the selection means.
const SweepRecord* find_whole(const Draft& draft, const Selection& selection) {
    const auto it = draft.base().sweeps.find(selection.sweep);
    return it == draft.base().sweeps.end() || !selection.jobs.empty() ? nullptr : &it->second;
}

// A gang whose ranks are being killed anyway stays so: only what becomes of the job changes.
void stop(
    Draft& draft,
    JobId job,
    const AttemptRecord& attempt,
    StopKind kind,
    AfterStop after,
    const std::string& reason
) {
    if (attempt.stopping == StopKind::kill) kind = StopKind::kill;
    draft.add(AttemptStopping{job, attempt.number, kind, reason, after});
}

void cancel(Draft& draft, JobId id) {
    const JobRecord& job = draft.view().job(id);
    const std::string reason = std::string("cancelled ") + kOnRequest;
    const AttemptRecord* attempt = live_attempt(job);
    if (attempt == nullptr) {
        draft.add(unsuccessful_end(job, JobState::cancelled, reason, draft.now()));
    } else if (attempt->after != AfterStop::cancel) {
        stop(draft, id, *attempt, StopKind::cancel, AfterStop::cancel, reason);
    }
}

void pause(Draft& draft, JobId id) {
    const JobRecord& job = draft.view().job(id);
    const std::string reason = std::string("paused ") + kOnRequest;
    const AttemptRecord* attempt = live_attempt(job);
    if (attempt == nullptr) {
        if (job.state != JobState::paused) draft.add(JobPaused{id, 0, reason, draft.now()});
    } else if (attempt->after == AfterStop::as_it_ended || attempt->after == AfterStop::requeue) {
        stop(draft, id, *attempt, StopKind::preempt, AfterStop::pause, reason);
    }
}

bool is_held(const JobRecord& job) {
    const AttemptRecord* attempt = live_attempt(job);
    if (job.held) return false;  // at a rung: its search says when it goes on
    return job.state == JobState::paused ||
           (attempt != nullptr && attempt->after == AfterStop::pause);
}

std::optional<std::string> why_not_at(
    const SweepRecord& sweep, const JobRecord& job, int world_size
) {
    const auto plan = plan_of(*sweep.sweep, job.params_json, world_size);
    if (plan) return std::nullopt;
    return "point " + std::to_string(job.ordinal) + " cannot run on " + std::to_string(world_size) +
           (world_size == 1 ? " slot: " : " slots: ") + plan.error().message;
}

// A world size that is not possible leaves the job paused.
void resume(Draft& draft, JobId id, int size) {
    const JobRecord& job = draft.view().job(id);
    if (!is_held(job)) return;
    const SweepRecord& sweep = draft.view().sweep(job.sweep);
    if (size < 0 || (size != 0 && why_not_at(sweep, job, size))) return;
    const bool changes = size != 0 && size != world_size_of(sweep, job);
    const AttemptRecord* attempt = live_attempt(job);
    if (attempt == nullptr) {
        draft.add(JobResumed{id, draft.now()});
    } else {
        const bool is_killed = attempt->stopping == StopKind::kill;
        const AfterStop after = is_killed ? AfterStop::as_it_ended : AfterStop::requeue;
        stop(draft, id, *attempt, StopKind::preempt, after, "resumed before it had stopped");
    }
    if (changes) draft.add(JobWorldSizeSet{id, size});
}

bool can_run_again(const SweepRecord& sweep, const JobRecord& job) {
    return is_unsuccessful(job.state) &&
           plan_of(*sweep.sweep, job.params_json, job.world_size).has_value();
}

std::vector<JobId> select_failed(const State& state, const Selection& selection) {
    const auto sweep = state.sweeps.find(selection.sweep);
    if (sweep == state.sweeps.end()) return {};
    std::vector<JobId> jobs = select(View(state), selection, sweep->second.jobs);
    std::erase_if(jobs, [&](JobId id) { return !can_run_again(sweep->second, state.jobs.at(id)); });
    return jobs;
}

}  // namespace

void on_cancel(Draft& draft, const CancelJobs& input) {
    const SweepRecord* whole = find_whole(draft, input.selection);
    if (whole != nullptr && !whole->ended && !whole->cancelled)
        draft.add(SweepCancelled{whole->id, draft.now()});
    for (const JobId id : select_unfinished(draft, input.selection)) cancel(draft, id);
}

void on_pause(Draft& draft, const PauseJobs& input) {
    const SweepRecord* whole = find_whole(draft, input.selection);
    if (whole != nullptr && !whole->ended && !whole->cancelled && !whole->paused)
        draft.add(SweepPaused{whole->id, draft.now()});
    for (const JobId id : select_unfinished(draft, input.selection)) pause(draft, id);
}

void on_resume(Draft& draft, const ResumeJobs& input) {
    const SweepRecord* whole = find_whole(draft, input.selection);
    const int size = input.world_size;
    const bool changes = whole != nullptr && size > 0 && size != whole->world_size;
    if (whole != nullptr && !whole->ended && (whole->paused || changes))
        draft.add(SweepResumed{whole->id, std::max(size, 0), draft.now()});
    for (const JobId id : select_unfinished(draft, input.selection)) resume(draft, id, size);
}

void on_retry(Draft& draft, const RetryJobs& input) {
    const auto sweep = draft.base().sweeps.find(input.selection.sweep);
    if (sweep == draft.base().sweeps.end()) return;
    const std::vector<JobId> jobs = select_failed(draft.base(), input.selection);
    const bool suggests_again = input.selection.jobs.empty() && sweep->second.cancelled;
    const bool reopens = suggests_again || (sweep->second.ended && !jobs.empty());
    if (reopens) draft.add(SweepReopened{sweep->first, suggests_again, draft.now()});
    for (const JobId id : jobs) draft.add(JobReopened{id, draft.now()});
}

// ---- what a client is told beforehand

namespace {

std::optional<std::string> why_not_select(const State& state, const Selection& selection) {
    const auto sweep = state.sweeps.find(selection.sweep);
    if (sweep == state.sweeps.end())
        return "there is no sweep " + std::to_string(selection.sweep.value);
    for (const JobId id : selection.jobs) {
        const auto job = state.jobs.find(id);
        if (job == state.jobs.end() || job->second.sweep != selection.sweep) {
            return "sweep " + std::to_string(selection.sweep.value) + " has no job " +
                   std::to_string(id.value);
        }
    }
    return std::nullopt;
}

std::optional<std::string> why_not_unfinished(const State& state, const Selection& selection) {
    if (const auto why = why_not_select(state, selection)) return why;
    const SweepRecord& sweep = state.sweeps.at(selection.sweep);
    if (selection.jobs.empty() && !sweep.ended) return std::nullopt;
    if (!select(View(state), selection, state.unfinished).empty()) return std::nullopt;
    return selection.jobs.empty() ? "the sweep has ended" : "every one of these jobs has ended";
}

}  // namespace

std::optional<std::string> why_not(const State& state, const CancelJobs& input) {
    return why_not_unfinished(state, input.selection);
}

std::optional<std::string> why_not(const State& state, const PauseJobs& input) {
    if (const auto why = why_not_unfinished(state, input.selection)) return why;
    const SweepRecord& sweep = state.sweeps.at(input.selection.sweep);
    if (!sweep.cancelled) return std::nullopt;
    return "the sweep is cancelled";
}

std::optional<std::string> why_not(const State& state, const ResumeJobs& input) {
    if (const auto why = why_not_unfinished(state, input.selection)) return why;
    if (input.world_size < 0) return "a world size is 1 or more";
    const SweepRecord& sweep = state.sweeps.at(input.selection.sweep);
    bool any = input.selection.jobs.empty() && sweep.paused;
    for (const JobId id : select(View(state), input.selection, state.unfinished)) {
        const JobRecord& job = state.jobs.at(id);
        if (!is_held(job)) continue;
        any = true;
        if (input.world_size == 0) continue;
        if (auto why = why_not_at(sweep, job, input.world_size)) return why;
    }
    if (any) return std::nullopt;
    return input.selection.jobs.empty() ? "nothing of the sweep is paused"
                                        : "none of these jobs is paused";
}

std::optional<std::string> why_not(const State& state, const RetryJobs& input) {
    if (const auto why = why_not_select(state, input.selection)) return why;
    const bool whole = input.selection.jobs.empty();
    if (whole && state.sweeps.at(input.selection.sweep).cancelled) return std::nullopt;
    if (!select_failed(state, input.selection).empty()) return std::nullopt;
    return whole ? "no job of the sweep ended without success that could run again"
                 : "none of these jobs ended without success and could run again";
}

}  // namespace bw::core
