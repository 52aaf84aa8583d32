#include "coordinator/observe/meter.h"

#include <algorithm>
#include <array>
#include <string>
#include <variant>

#include "coordinator/core/params.h"
#include "coordinator/observe/totals.h"

namespace bw::observe {

using core::JobState;
using core::RankOutcome;
using metrics::Label;

namespace {

constexpr std::array kStates{
    JobState::queued,
    JobState::starting,
    JobState::running,
    JobState::preempting,
    JobState::paused,
    JobState::waiting_retry,
    JobState::finished,
    JobState::failed,
    JobState::cancelled,
    JobState::stopped,
    JobState::refused};

constexpr std::array kOutcomes{
    RankOutcome::finished,
    RankOutcome::stopped,
    RankOutcome::failed,
    RankOutcome::died,
    RankOutcome::lost,
    RankOutcome::refused};

/// Of lost work. Others would appear with their first loss.
constexpr std::array kCauses{"stopped", "failed", "died", "lost", "cancelled"};

metrics::JobKey key_of(const core::JobRecord& job) { return {job.sweep, job.ordinal, job.id}; }

}  // namespace

Meter::Meter(const Books& books, std::uint64_t events, Instant now)
    : sink_({.origin = metrics::Origin::coordinator}) {
    metrics::describe_process(sink_, now);
    sink_.add("journal_events_total", static_cast<double>(events));
    for (const SweepId id : books.state.open) open(books, id);
    for (const JobId id : books.state.unfinished) {
        const core::JobRecord& job = books.state.jobs.at(id);
        if (const auto since = waits_since(books.state, job)) waiting_[id] = *since;
        if (job.attempts.empty()) continue;
        appear(job);
        describe(job);
        raise_lost(books, job);
    }
}

void Meter::note(const Books& books, const core::Event& event, Instant now) {
    const auto take_one = [&](const auto& fact) {
        take(books, fact, now);
        if constexpr (requires { fact.job; }) {
            const core::JobRecord& job = books.state.jobs.at(fact.job);
            follow_waiting(job, now);
            if (!core::is_terminal(job.state)) describe(job);
        }
    };
    std::visit(take_one, event);
}

// ---- sweeps

void Meter::take(const Books& books, const core::SweepSubmitted& event, Instant) {
    open(books, event.sweep);
}

void Meter::take(const Books& books, const core::SweepLimitsChanged& event, Instant) {
    open(books, event.sweep);
}

void Meter::take(const Books& books, const core::SweepReopened& event, Instant) {
    open(books, event.sweep);
}

// All its counters are there from the beginning, at zero when it is new: Prometheus sees no
// increase in the first value of a series.
void Meter::open(const Books& books, SweepId id) {
    const core::SweepRecord& sweep = books.state.sweeps.at(id);
    const Totals totals = totals_of(books.state, sweep);
    sink_.keep(Label::sweep, id);
    open_.insert(id);
    held_[id] = totals.held;
    sink_.raise("attempts_started_total", static_cast<double>(totals.attempts), id);
    sink_.raise("work_device_seconds_total", totals.held.seconds(), id);
    const auto count = [](const auto& counts, auto what) {
        const auto found = counts.find(what);
        return found == counts.end() ? 0.0 : static_cast<double>(found->second);
    };
    for (const RankOutcome outcome : kOutcomes) {
        const double ended = count(totals.ended, outcome);
        sink_.raise("attempts_ended_total", ended, id, core::name_of(outcome));
    }
    for (const JobState state : kStates) {
        if (!core::is_terminal(state)) continue;
        sink_.raise("jobs_ended_total", count(totals.jobs, state), id, core::name_of(state));
    }
    for (const char* cause : kCauses) sink_.add("lost_work_device_seconds_total", 0, id, cause);
    for (const auto& [cause, time] : sweep.lost)
        sink_.raise("lost_work_device_seconds_total", time.seconds(), id, cause);
}

void Meter::take(const Books& books, const core::SweepEnded& event, Instant now) {
    set_jobs(books, event.sweep);
    sink_.raise("work_device_seconds_total", held_[event.sweep].seconds(), event.sweep);
    sink_.retire(Label::sweep, event.sweep, now);
    open_.erase(event.sweep);
    held_.erase(event.sweep);
}

void Meter::set_jobs(const Books& books, SweepId id) {
    const auto tally = books.tallies.find(id);
    if (tally == books.tallies.end()) return;
    for (const JobState state : kStates) {
        const auto number = static_cast<double>(api::count(tally->second, state));
        sink_.set("jobs", number, id, core::name_of(state));
    }
}

void Meter::take(const Books& books, const core::PointsSuggested& event, Instant now) {
    for (const core::SuggestedPoint& point : event.points)
        follow_waiting(books.state.jobs.at(point.job), now);
}

// ---- attempts and jobs

void Meter::take(const Books& books, const core::AttemptPlaced& event, Instant) {
    const core::JobRecord& job = books.state.jobs.at(event.job);
    sink_.add("attempts_started_total", 1, job.sweep);
    appear(job);
    const auto since = waiting_.find(job.id);
    if (since == waiting_.end()) return;
    const Duration waited{std::max<std::int64_t>((event.at - since->second).ns, 0)};
    waited_[job.id].ns += waited.ns;
    sink_.observe("queue_wait_seconds", waited.seconds());
    sink_.raise("job_queue_seconds_total", waited_[job.id].seconds(), key_of(job));
}

void Meter::take(const Books& books, const core::AttemptRunning& event, Instant) {
    const core::JobRecord& job = books.state.jobs.at(event.job);
    const core::AttemptRecord& attempt = job.attempts.at(event.attempt - 1);
    const Duration took = attempt.running_at - attempt.placed_at;
    sink_.observe("attempt_start_seconds", took.seconds());
    sink_.set("job_start_seconds", took.seconds(), key_of(job));
    raise_lost(books, job);
}

void Meter::take(const Books& books, const core::RankEnded& event, Instant) {
    const core::JobRecord& job = books.state.jobs.at(event.job);
    const core::AttemptRecord& attempt = job.attempts.at(event.attempt - 1);
    const auto& rank = attempt.ranks.at(static_cast<std::size_t>(event.rank));
    // Only the one that ended last completes the attempt; its fact may be told twice.
    if (attempt.ended || !is_over(attempt) || rank.order != attempt.ranks.size()) return;
    held_[job.sweep].ns += held_by(attempt, attempt.ended_at).ns;
    sink_.add("attempts_ended_total", 1, job.sweep, core::name_of(core::cause_of(attempt)));
    const Duration held = held_by(job, attempt.ended_at);
    sink_.raise("job_work_device_seconds_total", held.seconds(), key_of(job));
}

void Meter::take(const Books& books, const core::JobEnded& event, Instant now) {
    const core::JobRecord& job = books.state.jobs.at(event.job);
    sink_.add("jobs_ended_total", 1, job.sweep, core::name_of(event.state));
    raise_lost(books, job);
    describe(job);
    waited_.erase(job.id);
    sink_.retire(Label::job, job.id, now);
}

void Meter::take(const Books& books, const core::JobReopened& event, Instant) {
    const core::JobRecord& job = books.state.jobs.at(event.job);
    if (job.attempts.empty()) return;
    sink_.keep(Label::job, job.id);
    appear(job);
}

// From its first placement on: a sweep of 100,000 points must not make as many series.
void Meter::appear(const core::JobRecord& job) {
    const metrics::JobKey key = key_of(job);
    const auto model = core::find_text_param(job.params_json, "model");
    sink_.set("job_info", 1, key, model.value_or("external"));
    sink_.raise("job_queue_seconds_total", waited_[job.id].seconds(), key);
    const Duration held = held_by(job, job.attempts.back().placed_at);
    sink_.raise("job_work_device_seconds_total", held.seconds(), key);
    for (const char* cause : kCauses)
        sink_.add("job_lost_work_device_seconds_total", 0, key, cause);
    const auto trained = std::ranges::find_if(
        job.attempts.rbegin(), job.attempts.rend(), &core::AttemptRecord::running
    );
    if (trained == job.attempts.rend()) return;
    sink_.set("job_start_seconds", (trained->running_at - trained->placed_at).seconds(), key);
}

void Meter::describe(const core::JobRecord& job) {
    if (job.attempts.empty()) return;
    const metrics::JobKey key = key_of(job);
    const core::AttemptRecord* live = core::live_attempt(job);
    const std::int64_t slots =
        live == nullptr ? 0 : std::ranges::count(live->ranks, false, &core::RankRecord::ended);
    sink_.set("job_state", static_cast<double>(job.state), key);
    sink_.set("job_attempts", static_cast<double>(job.attempts.size()), key);
    sink_.set("job_failures", static_cast<double>(failures_of(job)), key);
    sink_.set("job_slots", static_cast<double>(slots), key);
}

void Meter::raise_lost(const Books& books, const core::JobRecord& job) {
    for (const auto& [cause, time] : job.lost)
        sink_.raise("job_lost_work_device_seconds_total", time.seconds(), key_of(job), cause);
    for (const auto& [cause, time] : books.state.sweeps.at(job.sweep).lost)
        sink_.raise("lost_work_device_seconds_total", time.seconds(), job.sweep, cause);
}

void Meter::follow_waiting(const core::JobRecord& job, Instant now) {
    if (job.state == JobState::queued || job.state == JobState::waiting_retry)
        waiting_.try_emplace(job.id, std::max(now, job.not_before));
    else
        waiting_.erase(job.id);
}

}  // namespace bw::observe
