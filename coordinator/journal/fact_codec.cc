// What agents report, and the parts of events that frames share: linked by the sessions as well as
// by the journal.
#include <string>

#include "coordinator/journal/event_codec.h"

namespace bw::codec {

proto::Plan to_proto(const plan::Plan& plan) {
    const auto& [global_batch, world_size, group, micro_batch, accumulation, ranks] = plan;
    proto::Plan message;
    message.set_global_batch(global_batch);
    message.set_world_size(world_size);
    message.set_group(group);
    message.set_micro_batch(micro_batch);
    message.set_accumulation(accumulation);
    for (const auto& [units, rank_micro_batch] : ranks) {
        proto::RankSplit& rank = *message.add_ranks();
        rank.set_units(units);
        rank.set_micro_batch(rank_micro_batch);
    }
    return message;
}

plan::Plan from_proto(const proto::Plan& message) {
    plan::Plan plan{
        .global_batch = message.global_batch(),
        .world_size = message.world_size(),
        .group = message.group(),
        .micro_batch = message.micro_batch(),
        .accumulation = message.accumulation()};
    for (const auto& rank : message.ranks())
        plan.ranks.push_back({rank.units(), rank.micro_batch()});
    return plan;
}

proto::SlotInfo to_proto(const core::SlotInfo& slot) {
    const auto& [kind, memory_limit_bytes, threads] = slot;
    proto::SlotInfo message;
    message.set_kind(kind);
    message.set_memory_limit_bytes(memory_limit_bytes);
    message.set_threads(threads);
    return message;
}

core::SlotInfo from_proto(const proto::SlotInfo& message) {
    return {
        .kind = message.kind(),
        .memory_limit_bytes = message.memory_limit_bytes(),
        .threads = message.threads()};
}

proto::Checkpoint to_proto(const core::Checkpoint& checkpoint) {
    const auto& [step, path] = checkpoint;
    proto::Checkpoint message;
    message.set_step(step);
    message.set_path(path);
    return message;
}

core::Checkpoint from_proto(const proto::Checkpoint& message) {
    return {.step = message.step(), .path = message.path()};
}

proto::JobResult to_proto(const core::JobResult& result) {
    const auto& [sha256, per_step_min, per_step_max, micro_batch, accumulation, peak_bytes, metrics] =
        result;
    proto::JobResult message;
    message.set_weights_sha256(sha256);
    message.set_samples_per_step_min(per_step_min);
    message.set_samples_per_step_max(per_step_max);
    message.set_micro_batch(micro_batch);
    message.set_accumulation(accumulation);
    message.set_peak_bytes(peak_bytes);
    for (const auto& [name, value] : metrics) (*message.mutable_metrics())[name] = value;
    return message;
}

core::JobResult from_proto(const proto::JobResult& message) {
    core::JobResult result{
        .weights_sha256 = message.weights_sha256(),
        .samples_per_step_min = message.samples_per_step_min(),
        .samples_per_step_max = message.samples_per_step_max(),
        .micro_batch = message.micro_batch(),
        .accumulation = message.accumulation(),
        .peak_bytes = message.peak_bytes(),
        .metrics = {}};
    for (const auto& [name, value] : message.metrics()) result.metrics.emplace(name, value);
    return result;
}

proto::StoreOpened to_proto(const core::StoreOpened& event) {
    const auto& [job, attempt, host, port] = event;
    proto::StoreOpened message;
    message.set_job(job.value);
    message.set_attempt(attempt);
    message.set_host(host);
    message.set_port(port);
    return message;
}

core::StoreOpened from_proto(const proto::StoreOpened& message) {
    return {
        .job = {message.job()},
        .attempt = message.attempt(),
        .host = message.host(),
        .port = message.port()};
}

proto::AttemptRunning to_proto(const core::AttemptRunning& event) {
    const auto& [job, attempt, step, total_steps, data_fingerprint, at, lost] = event;
    proto::AttemptRunning message;
    message.set_job(job.value);
    message.set_attempt(attempt);
    message.set_step(step);
    message.set_total_steps(total_steps);
    message.set_data_fingerprint(data_fingerprint);
    message.set_at_ns(at.ns);
    for (const auto& [earlier, steps, time, cause] : lost) {
        proto::LostWork& one = *message.add_lost();
        one.set_attempt(earlier);
        one.set_steps(steps);
        one.set_time_ns(time.ns);
        one.set_cause(cause);
    }
    return message;
}

core::AttemptRunning from_proto(const proto::AttemptRunning& message) {
    core::AttemptRunning event{
        .job = {message.job()},
        .attempt = message.attempt(),
        .step = message.step(),
        .total_steps = message.total_steps(),
        .data_fingerprint = message.data_fingerprint(),
        .at = {message.at_ns()},
        .lost = {}};
    for (const auto& one : message.lost())
        event.lost.push_back({one.attempt(), one.steps(), {one.time_ns()}, one.cause()});
    return event;
}

proto::CheckpointAccepted to_proto(const core::CheckpointAccepted& event) {
    const auto& [job, attempt, checkpoint] = event;
    proto::CheckpointAccepted message;
    message.set_job(job.value);
    message.set_attempt(attempt);
    *message.mutable_checkpoint() = to_proto(checkpoint);
    return message;
}

core::CheckpointAccepted from_proto(const proto::CheckpointAccepted& message) {
    return {
        .job = {message.job()},
        .attempt = message.attempt(),
        .checkpoint = from_proto(message.checkpoint())};
}

proto::EpochMeasured to_proto(const core::EpochMeasured& event) {
    const auto& [job, attempt, epoch, step, values] = event;
    proto::EpochMeasured message;
    message.set_job(job.value);
    message.set_attempt(attempt);
    message.set_epoch(epoch);
    message.set_step(step);
    for (const auto& [name, value] : values) (*message.mutable_values())[name] = value;
    return message;
}

core::EpochMeasured from_proto(const proto::EpochMeasured& message) {
    core::EpochMeasured event{
        .job = {message.job()},
        .attempt = message.attempt(),
        .epoch = message.epoch(),
        .step = message.step(),
        .values = {}};
    for (const auto& [name, value] : message.values()) event.values.emplace(name, value);
    return event;
}

proto::ProfileLearned to_proto(const core::ProfileLearned& event) {
    const auto& [job, attempt, profile, at] = event;
    proto::ProfileLearned message;
    message.set_job(job.value);
    message.set_attempt(attempt);
    message.set_profile(profile);
    message.set_at_ns(at.ns);
    return message;
}

core::ProfileLearned from_proto(const proto::ProfileLearned& message) {
    return {
        .measured_by = {message.job()},
        .attempt = message.attempt(),
        .profile = message.profile(),
        .at = {message.at_ns()}};
}

proto::RankEnded to_proto(const core::RankEnded& event) {
    const auto& [job, attempt, rank, outcome, retry, step, reason, result, at] = event;
    proto::RankEnded message;
    message.set_job(job.value);
    message.set_attempt(attempt);
    message.set_rank(rank);
    message.set_outcome(static_cast<int>(outcome));
    message.set_retry(retry);
    message.set_step(step);
    message.set_reason(reason);
    if (result) *message.mutable_result() = to_proto(*result);
    message.set_at_ns(at.ns);
    return message;
}

Result<core::RankEnded> from_proto(const proto::RankEnded& message) {
    const auto outcome = rank_outcome_of(message.outcome());
    if (!outcome) return outcome.error();
    core::RankEnded event{
        .job = {message.job()},
        .attempt = message.attempt(),
        .rank = message.rank(),
        .outcome = *outcome,
        .retry = message.retry(),
        .step = message.step(),
        .reason = message.reason(),
        .result = std::nullopt,
        .at = {message.at_ns()}};
    if (message.has_result()) event.result = from_proto(message.result());
    return event;
}

}  // namespace bw::codec
