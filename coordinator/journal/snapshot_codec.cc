#include "coordinator/journal/snapshot_codec.h"

#include <utility>

#include "coordinator/core/core.h"
#include "coordinator/journal/event_codec.h"

namespace bw::codec {
namespace {

// Each record is taken apart with a structured binding: a new field stops the build here.

template <class Message>
void put_lost(Message& message, const core::LostTime& lost) {
    for (const auto& [cause, time] : lost) {
        proto::LostTime& one = *message.add_lost();
        one.set_cause(cause);
        one.set_time_ns(time.ns);
    }
}

template <class Message>
core::LostTime lost_of(const Message& message) {
    core::LostTime lost;
    for (const auto& one : message.lost()) lost[one.cause()] = {one.time_ns()};
    return lost;
}

proto::SweepSnapshot to_snapshot(const core::SweepRecord& record) {
    const auto& [id, file_name, fingerprint, text, sweep, jobs, exhausted, paused, cancelled, ended, search_end, world_size, lost, submitted_at, ended_at] =
        record;
    static_cast<void>(sweep);  // parsed again from the text
    proto::SweepSnapshot message;
    message.set_id(id.value);
    message.set_file_name(file_name);
    message.set_fingerprint(fingerprint);
    message.set_text(text);
    for (const JobId job : jobs) message.add_jobs(job.value);
    message.set_exhausted(exhausted);
    message.set_paused(paused);
    message.set_cancelled(cancelled);
    message.set_world_size(world_size);
    put_lost(message, lost);
    message.set_ended(ended);
    message.set_search_end(search_end);
    message.set_submitted_at_ns(submitted_at.ns);
    message.set_ended_at_ns(ended_at.ns);
    return message;
}

proto::RankSnapshot to_snapshot(const core::RankRecord& record) {
    const auto& [slot, ended, outcome, retry, reason, order, told_to_stop] = record;
    proto::RankSnapshot message;
    message.set_agent(slot.agent.value);
    message.set_slot(slot.slot);
    message.set_ended(ended);
    message.set_outcome(static_cast<int>(outcome));
    message.set_retry(retry);
    message.set_reason(reason);
    message.set_order(order);
    message.set_told_to_stop(told_to_stop);
    return message;
}

proto::AttemptSnapshot to_snapshot(const core::AttemptRecord& record) {
    const auto& [number, ranks, plan, resume, store_host, store_port, running, started_step, total_steps, stopped_step, data_fingerprint, stopping, stop_reason, after, lost_steps, lost_time, result, placed_at, running_at, ended_at, ended] =
        record;
    proto::AttemptSnapshot message;
    message.set_number(number);
    for (const auto& rank : ranks) *message.add_ranks() = to_snapshot(rank);
    *message.mutable_plan() = to_proto(plan);
    if (resume) *message.mutable_resume() = to_proto(*resume);
    message.set_store_host(store_host);
    message.set_store_port(store_port);
    message.set_running(running);
    message.set_started_step(started_step);
    message.set_total_steps(total_steps);
    message.set_stopped_step(stopped_step);
    message.set_data_fingerprint(data_fingerprint);
    if (stopping) message.set_stopping(static_cast<int>(*stopping));
    message.set_stop_reason(stop_reason);
    message.set_after(static_cast<int>(after));
    message.set_lost_steps(lost_steps);
    message.set_lost_time_ns(lost_time.ns);
    if (result) *message.mutable_result() = to_proto(*result);
    message.set_placed_at_ns(placed_at.ns);
    message.set_running_at_ns(running_at.ns);
    message.set_ended_at_ns(ended_at.ns);
    message.set_ended(ended);
    return message;
}

proto::EpochSnapshot to_snapshot(const core::EpochRecord& record) {
    const auto& [epoch, step, values] = record;
    proto::EpochSnapshot message;
    message.set_epoch(epoch);
    message.set_step(step);
    for (const auto& [name, value] : values) (*message.mutable_values())[name] = value;
    return message;
}

proto::JobSnapshot to_snapshot(const core::JobRecord& record) {
    const auto& [id, sweep, ordinal, hash, params_json, state, held, reason, attempts, checkpoint, epochs, retries_used, world_size, pardon, lost, lost_with_end, not_before, result, ended_at] =
        record;
    proto::JobSnapshot message;
    message.set_id(id.value);
    message.set_sweep(sweep.value);
    message.set_ordinal(ordinal);
    message.set_hash(hash);
    message.set_params_json(params_json);
    message.set_state(static_cast<int>(state));
    message.set_held(held);
    message.set_reason(reason);
    for (const auto& attempt : attempts) *message.add_attempts() = to_snapshot(attempt);
    if (checkpoint) *message.mutable_checkpoint() = to_proto(*checkpoint);
    for (const auto& epoch : epochs) *message.add_epochs() = to_snapshot(epoch);
    message.set_retries_used(retries_used);
    message.set_world_size(world_size);
    message.set_pardon(pardon);
    put_lost(message, lost);
    message.set_lost_with_end_ns(lost_with_end.ns);
    message.set_not_before_ns(not_before.ns);
    if (result) *message.mutable_result() = to_proto(*result);
    message.set_ended_at_ns(ended_at.ns);
    return message;
}

proto::AgentSnapshot to_snapshot(const core::AgentRecord& record) {
    const auto& [id, epoch, name, host, slots, busy, live, draining, drain_reason, metrics_port] =
        record;
    proto::AgentSnapshot message;
    message.set_id(id.value);
    message.set_epoch(epoch);
    message.set_name(name);
    message.set_host(host);
    for (const auto& slot : slots) *message.add_slots() = to_proto(slot);
    for (const auto& holder : busy) {
        proto::BusySlot& slot = *message.add_busy();
        if (!holder) continue;
        slot.set_job(holder->job.value);
        slot.set_attempt(holder->number);
    }
    message.set_live(live);
    message.set_draining(draining);
    message.set_drain_reason(drain_reason);
    message.set_metrics_port(metrics_port);
    return message;
}

// ---- back
// ------------------------------------------------------------------------------------------------------

void restore_sweep(core::State& state, const proto::SweepSnapshot& message) {
    const SweepId id{message.id()};
    // apply() knows how a text becomes a sweep, also one that this release cannot read.
    core::apply(
        state,
        core::SweepSubmitted{
            .sweep = id,
            .file_name = message.file_name(),
            .text = message.text(),
            .fingerprint = message.fingerprint(),
            .at = {message.submitted_at_ns()}}
    );
    core::SweepRecord& record = state.sweeps.at(id);
    for (const std::uint64_t job : message.jobs()) record.jobs.push_back({job});
    record.exhausted = message.exhausted();
    record.paused = message.paused();
    record.cancelled = message.cancelled();
    record.world_size = message.world_size();
    record.lost = lost_of(message);
    record.ended = message.ended();
    record.search_end = message.search_end();
    record.ended_at = {message.ended_at_ns()};
}

Result<core::RankRecord> restore(const proto::RankSnapshot& message) {
    const auto outcome = rank_outcome_of(message.outcome());
    if (!outcome) return outcome.error();
    return core::RankRecord{
        .slot = {{message.agent()}, message.slot()},
        .ended = message.ended(),
        .outcome = *outcome,
        .retry = message.retry(),
        .reason = message.reason(),
        .order = message.order(),
        .told_to_stop = message.told_to_stop()};
}

Result<core::AttemptRecord> restore(const proto::AttemptSnapshot& message) {
    core::AttemptRecord record;
    record.number = message.number();
    for (const auto& one : message.ranks()) {
        auto rank = restore(one);
        if (!rank) return rank.error();
        record.ranks.push_back(std::move(*rank));
    }
    record.plan = from_proto(message.plan());
    if (message.has_resume()) record.resume = from_proto(message.resume());
    record.store_host = message.store_host();
    record.store_port = message.store_port();
    record.running = message.running();
    record.started_step = message.started_step();
    record.total_steps = message.total_steps();
    record.stopped_step = message.stopped_step();
    record.data_fingerprint = message.data_fingerprint();
    if (message.stopping() != 0) {
        const auto kind = stop_kind_of(message.stopping());
        if (!kind) return kind.error();
        record.stopping = *kind;
    }
    record.stop_reason = message.stop_reason();
    const auto after = after_stop_of(message.after());
    if (!after) return after.error();
    record.after = *after;
    record.lost_steps = message.lost_steps();
    record.lost_time = {message.lost_time_ns()};
    if (message.has_result()) record.result = from_proto(message.result());
    record.placed_at = {message.placed_at_ns()};
    record.running_at = {message.running_at_ns()};
    record.ended_at = {message.ended_at_ns()};
    record.ended = message.ended();
    return record;
}

core::EpochRecord restore(const proto::EpochSnapshot& message) {
    core::EpochRecord record{.epoch = message.epoch(), .step = message.step(), .values = {}};
    for (const auto& [name, value] : message.values()) record.values.emplace(name, value);
    return record;
}

Result<core::JobRecord> restore(const proto::JobSnapshot& message) {
    const auto state = job_state_of(message.state());
    if (!state) return state.error();
    core::JobRecord record;
    record.id = {message.id()};
    record.sweep = {message.sweep()};
    record.ordinal = message.ordinal();
    record.hash = message.hash();
    record.params_json = message.params_json();
    record.state = *state;
    record.held = message.held();
    record.reason = message.reason();
    for (const auto& one : message.attempts()) {
        auto attempt = restore(one);
        if (!attempt) return attempt.error();
        record.attempts.push_back(std::move(*attempt));
    }
    if (message.has_checkpoint()) record.checkpoint = from_proto(message.checkpoint());
    for (const auto& epoch : message.epochs()) record.epochs.push_back(restore(epoch));
    record.retries_used = message.retries_used();
    record.world_size = message.world_size();
    record.pardon = message.pardon();
    record.lost = lost_of(message);
    record.lost_with_end = {message.lost_with_end_ns()};
    record.not_before = {message.not_before_ns()};
    if (message.has_result()) record.result = from_proto(message.result());
    record.ended_at = {message.ended_at_ns()};
    return record;
}

core::AgentRecord restore(const proto::AgentSnapshot& message) {
    core::AgentRecord record;
    record.id = {message.id()};
    record.epoch = message.epoch();
    record.name = message.name();
    record.host = message.host();
    for (const auto& slot : message.slots()) record.slots.push_back(from_proto(slot));
    for (const auto& slot : message.busy()) {
        record.busy.push_back(std::nullopt);
        if (slot.job() != 0) record.busy.back() = AttemptId{{slot.job()}, slot.attempt()};
    }
    record.live = message.live();
    record.draining = message.draining();
    record.drain_reason = message.drain_reason();
    record.metrics_port = message.metrics_port();
    return record;
}

}  // namespace

proto::Snapshot to_proto(const core::State& state) {
    const auto& [sweeps, jobs, agents, unfinished, open, profiles, arrivals, sweeps_last, jobs_last, agents_last, epochs_last] =
        state;
    proto::Snapshot message;
    for (const auto& [id, sweep] : sweeps) *message.add_sweeps() = to_snapshot(sweep);
    for (const auto& [id, job] : jobs) *message.add_jobs() = to_snapshot(job);
    for (const auto& [id, agent] : agents) *message.add_agents() = to_snapshot(agent);
    for (const JobId job : unfinished) message.add_unfinished(job.value);
    for (const SweepId sweep : open) message.add_open(sweep.value);
    for (const auto& [key, profile] : profiles) message.add_profiles(plan::to_text(profile));
    const auto& [expected, settling, newest_at] = arrivals;
    message.set_agents_expected(expected);
    message.set_agents_settling(settling);
    message.set_newest_agent_at_ns(newest_at.ns);
    message.set_sweeps_last(sweeps_last);
    message.set_jobs_last(jobs_last);
    message.set_agents_last(agents_last);
    message.set_agent_epochs_last(epochs_last);
    return message;
}

Result<core::State> from_proto(const proto::Snapshot& message) {
    core::State state;
    for (const auto& sweep : message.sweeps()) restore_sweep(state, sweep);
    for (const auto& one : message.jobs()) {
        auto job = restore(one);
        if (!job) return job.error();
        state.jobs[job->id] = std::move(*job);
    }
    for (const auto& agent : message.agents()) state.agents[{agent.id()}] = restore(agent);
    state.unfinished.clear();
    for (const std::uint64_t job : message.unfinished()) state.unfinished.insert({job});
    state.open.clear();  // apply() opened every sweep
    for (const std::uint64_t sweep : message.open()) state.open.insert({sweep});
    for (const auto& text : message.profiles()) {
        auto profile = plan::parse_profile(text);
        if (!profile) return profile.error();
        state.profiles.insert_or_assign(profile->key, std::move(*profile));
    }
    state.arrivals = {
        .expected = message.agents_expected(),
        .settling = message.agents_settling(),
        .newest_at = {message.newest_agent_at_ns()}};
    state.sweeps_last = message.sweeps_last();
    state.jobs_last = message.jobs_last();
    state.agents_last = message.agents_last();
    state.agent_epochs_last = message.agent_epochs_last();
    return state;
}

}  // namespace bw::codec
