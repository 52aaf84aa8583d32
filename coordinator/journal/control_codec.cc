#include "coordinator/journal/control_codec.h"

namespace bw::codec {

// Each to_proto takes its event apart with a structured binding: a new field stops the build here.

proto::SweepPaused to_proto(const core::SweepPaused& event) {
    const auto& [sweep, at] = event;
    proto::SweepPaused message;
    message.set_sweep(sweep.value);
    message.set_at_ns(at.ns);
    return message;
}

core::SweepPaused from_proto(const proto::SweepPaused& message) {
    return {.sweep = {message.sweep()}, .at = {message.at_ns()}};
}

proto::SweepResumed to_proto(const core::SweepResumed& event) {
    const auto& [sweep, world_size, at] = event;
    proto::SweepResumed message;
    message.set_sweep(sweep.value);
    message.set_world_size(world_size);
    message.set_at_ns(at.ns);
    return message;
}

core::SweepResumed from_proto(const proto::SweepResumed& message) {
    return {
        .sweep = {message.sweep()}, .world_size = message.world_size(), .at = {message.at_ns()}};
}

proto::SweepCancelled to_proto(const core::SweepCancelled& event) {
    const auto& [sweep, at] = event;
    proto::SweepCancelled message;
    message.set_sweep(sweep.value);
    message.set_at_ns(at.ns);
    return message;
}

core::SweepCancelled from_proto(const proto::SweepCancelled& message) {
    return {.sweep = {message.sweep()}, .at = {message.at_ns()}};
}

proto::SweepReopened to_proto(const core::SweepReopened& event) {
    const auto& [sweep, suggests_again, at] = event;
    proto::SweepReopened message;
    message.set_sweep(sweep.value);
    message.set_suggests_again(suggests_again);
    message.set_at_ns(at.ns);
    return message;
}

core::SweepReopened from_proto(const proto::SweepReopened& message) {
    return {
        .sweep = {message.sweep()},
        .suggests_again = message.suggests_again(),
        .at = {message.at_ns()}};
}

proto::JobPaused to_proto(const core::JobPaused& event) {
    const auto& [job, attempt, reason, at] = event;
    proto::JobPaused message;
    message.set_job(job.value);
    message.set_attempt(attempt);
    message.set_reason(reason);
    message.set_at_ns(at.ns);
    return message;
}

core::JobPaused from_proto(const proto::JobPaused& message) {
    return {
        .job = {message.job()},
        .attempt = message.attempt(),
        .reason = message.reason(),
        .at = {message.at_ns()}};
}

proto::JobResumed to_proto(const core::JobResumed& event) {
    const auto& [job, at] = event;
    proto::JobResumed message;
    message.set_job(job.value);
    message.set_at_ns(at.ns);
    return message;
}

core::JobResumed from_proto(const proto::JobResumed& message) {
    return {.job = {message.job()}, .at = {message.at_ns()}};
}

proto::JobWorldSizeSet to_proto(const core::JobWorldSizeSet& event) {
    const auto& [job, world_size] = event;
    proto::JobWorldSizeSet message;
    message.set_job(job.value);
    message.set_world_size(world_size);
    return message;
}

core::JobWorldSizeSet from_proto(const proto::JobWorldSizeSet& message) {
    return {.job = {message.job()}, .world_size = message.world_size()};
}

proto::JobReopened to_proto(const core::JobReopened& event) {
    const auto& [job, at] = event;
    proto::JobReopened message;
    message.set_job(job.value);
    message.set_at_ns(at.ns);
    return message;
}

core::JobReopened from_proto(const proto::JobReopened& message) {
    return {.job = {message.job()}, .at = {message.at_ns()}};
}

proto::AgentDraining to_proto(const core::AgentDraining& event) {
    const auto& [agent, epoch, reason, at] = event;
    proto::AgentDraining message;
    message.set_agent(agent.value);
    message.set_epoch(epoch);
    message.set_reason(reason);
    message.set_at_ns(at.ns);
    return message;
}

core::AgentDraining from_proto(const proto::AgentDraining& message) {
    return {
        .agent = {message.agent()},
        .epoch = message.epoch(),
        .reason = message.reason(),
        .at = {message.at_ns()}};
}

proto::AgentReturned to_proto(const core::AgentReturned& event) {
    const auto& [agent, epoch, at] = event;
    proto::AgentReturned message;
    message.set_agent(agent.value);
    message.set_epoch(epoch);
    message.set_at_ns(at.ns);
    return message;
}

core::AgentReturned from_proto(const proto::AgentReturned& message) {
    return {.agent = {message.agent()}, .epoch = message.epoch(), .at = {message.at_ns()}};
}

proto::AgentsExpected to_proto(const core::AgentsExpected& event) {
    const auto& [count, at] = event;
    proto::AgentsExpected message;
    message.set_count(count);
    message.set_at_ns(at.ns);
    return message;
}

core::AgentsExpected from_proto(const proto::AgentsExpected& message) {
    return {.count = message.count(), .at = {message.at_ns()}};
}

proto::AgentsSettled to_proto(const core::AgentsSettled& event) {
    const auto& [at] = event;
    proto::AgentsSettled message;
    message.set_at_ns(at.ns);
    return message;
}

core::AgentsSettled from_proto(const proto::AgentsSettled& message) {
    return {.at = {message.at_ns()}};
}

// ---- the oneof

core::Event control_event_of(const proto::Event& message) {
    if (message.has_sweep_paused()) return from_proto(message.sweep_paused());
    if (message.has_sweep_resumed()) return from_proto(message.sweep_resumed());
    if (message.has_sweep_cancelled()) return from_proto(message.sweep_cancelled());
    if (message.has_sweep_reopened()) return from_proto(message.sweep_reopened());
    if (message.has_job_paused()) return from_proto(message.job_paused());
    if (message.has_job_resumed()) return from_proto(message.job_resumed());
    if (message.has_job_world_size_set()) return from_proto(message.job_world_size_set());
    if (message.has_job_reopened()) return from_proto(message.job_reopened());
    if (message.has_agent_draining()) return from_proto(message.agent_draining());
    if (message.has_agent_returned()) return from_proto(message.agent_returned());
    if (message.has_agents_expected()) return from_proto(message.agents_expected());
    return from_proto(message.agents_settled());
}

void put(proto::Event& out, const core::SweepPaused& event) {
    *out.mutable_sweep_paused() = to_proto(event);
}

void put(proto::Event& out, const core::SweepResumed& event) {
    *out.mutable_sweep_resumed() = to_proto(event);
}

void put(proto::Event& out, const core::SweepCancelled& event) {
    *out.mutable_sweep_cancelled() = to_proto(event);
}

void put(proto::Event& out, const core::SweepReopened& event) {
    *out.mutable_sweep_reopened() = to_proto(event);
}

void put(proto::Event& out, const core::JobPaused& event) {
    *out.mutable_job_paused() = to_proto(event);
}

void put(proto::Event& out, const core::JobResumed& event) {
    *out.mutable_job_resumed() = to_proto(event);
}

void put(proto::Event& out, const core::JobWorldSizeSet& event) {
    *out.mutable_job_world_size_set() = to_proto(event);
}

void put(proto::Event& out, const core::JobReopened& event) {
    *out.mutable_job_reopened() = to_proto(event);
}

void put(proto::Event& out, const core::AgentDraining& event) {
    *out.mutable_agent_draining() = to_proto(event);
}

void put(proto::Event& out, const core::AgentReturned& event) {
    *out.mutable_agent_returned() = to_proto(event);
}

void put(proto::Event& out, const core::AgentsExpected& event) {
    *out.mutable_agents_expected() = to_proto(event);
}

void put(proto::Event& out, const core::AgentsSettled& event) {
    *out.mutable_agents_settled() = to_proto(event);
}

}  // namespace bw::codec
