#include "coordinator/core/apply_jobs.h"

#include <algorithm>

#include "base/assert.h"

namespace bw::core {
namespace {

JobRecord& get_job(State& state, JobId id) {
    const auto it = state.jobs.find(id);
    BW_ASSERT(it != state.jobs.end(), "an event names a job that was suggested");
    return it->second;
}

AttemptRecord& get_attempt(JobRecord& job, std::uint32_t number) {
    BW_ASSERT(
        number >= 1 && number <= job.attempts.size(), "an event names an attempt that was placed"
    );
    return job.attempts[number - 1];
}

// The table of legal transitions.
bool may_become(JobState from, JobState to) {
    using enum JobState;
    switch (from) {
        case queued:
            return to != running && to != preempting && to != finished;
        case starting:  // refused: its own trace showed that it fits nowhere
            return true;
        case running:
            return to != starting;
        case preempting:
            return to != starting && to != running;
        case paused:
            return to == queued || to == starting || (is_terminal(to) && to != finished);
        case waiting_retry:
            return to == queued || to == starting || to == paused ||
                   (is_terminal(to) && to != finished);
        case failed:
        case cancelled:
        case stopped:
        case refused:
            return to == queued;  // a person reopens it
        case finished:
            return false;
    }
    return false;
}

void transition(JobRecord& job, JobState to) {
    BW_ASSERT(may_become(job.state, to), "a job changes its state along the table of transitions");
    job.state = to;
}

// The busy entry of a rank's slot while it is this attempt's, else nullptr (its agent has joined
// anew since).
std::optional<AttemptId>* find_reservation(State& state, SlotRef slot, AttemptId attempt) {
    const auto agent = state.agents.find(slot.agent);
    if (agent == state.agents.end() || slot.slot >= agent->second.busy.size()) return nullptr;
    std::optional<AttemptId>& busy = agent->second.busy[slot.slot];
    return busy == attempt ? &busy : nullptr;
}

void reserve(State& state, SlotRef slot, AttemptId attempt) {
    const auto agent = state.agents.find(slot.agent);
    BW_ASSERT(agent != state.agents.end(), "a rank is placed on an agent that joined");
    BW_ASSERT(
        slot.slot < agent->second.busy.size(), "a rank is placed on a slot that its agent offers"
    );
    BW_ASSERT(!agent->second.busy[slot.slot], "a rank is placed on a free slot");
    agent->second.busy[slot.slot] = attempt;
}

// The device time of a loss, in the books of the job and of its sweep. Negative: it is taken back.
void book_loss(State& state, JobRecord& job, const std::string& cause, Duration time) {
    const auto sweep = state.sweeps.find(job.sweep);
    BW_ASSERT(sweep != state.sweeps.end(), "a job belongs to a sweep that was submitted");
    for (LostTime* lost : {&job.lost, &sweep->second.lost}) {
        Duration& sum = (*lost)[cause];
        sum.ns += time.ns;
        if (sum.ns == 0) lost->erase(cause);
    }
}

void book_loss(State& state, JobRecord& job, const LostWork& lost) {
    AttemptRecord& attempt = get_attempt(job, lost.attempt);
    attempt.lost_steps = lost.steps;
    attempt.lost_time = lost.time;
    book_loss(state, job, lost.cause, {lost.time.ns * std::ssize(attempt.ranks)});
}

}  // namespace

void apply_event(State& state, const AttemptPlaced& event) {
    JobRecord& job = get_job(state, event.job);
    BW_ASSERT(live_attempt(job) == nullptr, "a job has one live attempt at most");
    BW_ASSERT(event.attempt == job.attempts.size() + 1, "attempts are numbered without gaps");
    AttemptRecord& attempt = job.attempts.emplace_back();
    attempt.number = event.attempt;
    attempt.plan = event.plan;
    attempt.resume = event.resume;
    attempt.placed_at = event.at;
    for (const SlotRef& slot : event.slots) {
        attempt.ranks.emplace_back().slot = slot;
        reserve(state, slot, {event.job, event.attempt});
    }
    job.reason.clear();
    transition(job, JobState::starting);
}

void apply_event(State& state, const StoreOpened& event) {
    AttemptRecord& attempt = get_attempt(get_job(state, event.job), event.attempt);
    attempt.store_host = event.host;
    attempt.store_port = event.port;
}

void apply_event(State& state, const AttemptRunning& event) {
    JobRecord& job = get_job(state, event.job);
    AttemptRecord& attempt = get_attempt(job, event.attempt);
    attempt.running = true;
    attempt.started_step = event.step;
    attempt.total_steps = event.total_steps;
    attempt.data_fingerprint = event.data_fingerprint;
    attempt.running_at = event.at;
    for (const LostWork& lost : event.lost) book_loss(state, job, lost);
    if (job.state == JobState::starting)
        transition(job, JobState::running);  // else it is preempting already
}

void apply_event(State& state, const CheckpointAccepted& event) {
    get_job(state, event.job).checkpoint = event.checkpoint;
}

void apply_event(State& state, const EpochMeasured& event) {
    std::vector<EpochRecord>& epochs = get_job(state, event.job).epochs;
    const auto at = std::lower_bound(
        epochs.begin(),
        epochs.end(),
        event.epoch,
        [](const EpochRecord& record, int epoch) { return record.epoch < epoch; }
    );
    const bool known = at != epochs.end() && at->epoch == event.epoch;
    EpochRecord& record = known ? *at : *epochs.insert(at, EpochRecord{});
    record = {.epoch = event.epoch, .step = event.step, .values = event.values};
}

void apply_event(State& state, const RankEnded& event) {
    AttemptRecord& attempt = get_attempt(get_job(state, event.job), event.attempt);
    BW_ASSERT(
        event.rank >= 0 && static_cast<std::size_t>(event.rank) < attempt.ranks.size(),
        "an event names a rank of its attempt"
    );
    RankRecord& rank = attempt.ranks[static_cast<std::size_t>(event.rank)];
    if (rank.ended) return;
    rank.order =
        1 + static_cast<std::uint32_t>(std::ranges::count(attempt.ranks, true, &RankRecord::ended));
    rank.ended = true;
    rank.outcome = event.outcome;
    rank.retry = event.retry;
    rank.reason = event.reason;
    rank.told_to_stop = attempt.stopping.has_value();
    attempt.stopped_step = std::max(attempt.stopped_step, event.step);
    attempt.ended_at = event.at;
    if (event.result) attempt.result = event.result;
    auto* reservation = find_reservation(state, rank.slot, {event.job, event.attempt});
    if (reservation != nullptr) reservation->reset();
}

void apply_event(State& state, const AttemptStopping& event) {
    JobRecord& job = get_job(state, event.job);
    AttemptRecord& attempt = get_attempt(job, event.attempt);
    attempt.stopping = event.kind;
    attempt.stop_reason = event.reason;
    attempt.after = event.after;
    if (event.kind == StopKind::preempt && job.state != JobState::preempting) {
        transition(job, JobState::preempting);
    }
}

void apply_event(State& state, const JobRequeued& event) {
    JobRecord& job = get_job(state, event.job);
    if (event.attempt != 0) get_attempt(job, event.attempt).ended = true;
    job.reason = event.reason;
    job.not_before = event.not_before;
    if (event.counts_as_retry) ++job.retries_used;
    transition(job, event.not_before.ns > 0 ? JobState::waiting_retry : JobState::queued);
}

void apply_event(State& state, const JobEnded& event) {
    JobRecord& job = get_job(state, event.job);
    if (!job.attempts.empty()) job.attempts.back().ended = true;
    job.reason = event.reason;
    job.result = event.result;
    job.ended_at = event.at;
    job.lost_with_end = event.lost;
    job.held = false;
    book_loss(state, job, name_of(event.state), event.lost);
    transition(job, event.state);
    state.unfinished.erase(event.job);
}

void apply_event(State& state, const JobPaused& event) {
    JobRecord& job = get_job(state, event.job);
    if (event.attempt != 0) get_attempt(job, event.attempt).ended = true;
    job.reason = event.reason;
    transition(job, JobState::paused);
}

void apply_event(State& state, const JobResumed& event) {
    JobRecord& job = get_job(state, event.job);
    job.reason.clear();
    job.held = false;
    transition(job, JobState::queued);
}

void apply_event(State& state, const JobHeld& event) {
    JobRecord& job = get_job(state, event.job);
    if (event.attempt != 0) get_attempt(job, event.attempt).ended = true;
    job.reason = event.reason;
    job.held = true;
    transition(job, JobState::paused);
}

void apply_event(State& state, const JobPromoted& event) {
    JobRecord& job = get_job(state, event.job);
    job.reason = event.reason;
    job.held = false;
    transition(job, JobState::queued);
}

void apply_event(State& state, const JobWorldSizeSet& event) {
    get_job(state, event.job).world_size = event.world_size;
}

void apply_event(State& state, const JobReopened& event) {
    JobRecord& job = get_job(state, event.job);
    // What its end had lost may be used after all: its checkpoint is gone on from.
    book_loss(state, job, name_of(job.state), {-job.lost_with_end.ns});
    job.lost_with_end = {};
    job.retries_used = 0;
    job.pardon = job.attempts.size();
    job.not_before = {};
    job.reason.clear();
    job.result.reset();
    job.ended_at = {};
    transition(job, JobState::queued);
    state.unfinished.insert(event.job);
}

}  // namespace bw::core
