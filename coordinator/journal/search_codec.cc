#include "coordinator/journal/search_codec.h"

namespace bw::codec {

// Each to_proto takes its event apart with a structured binding: a new field stops the build here.

proto::SearchEnded to_proto(const core::SearchEnded& event) {
    const auto& [sweep, reason, at] = event;
    proto::SearchEnded message;
    message.set_sweep(sweep.value);
    message.set_reason(reason);
    message.set_at_ns(at.ns);
    return message;
}

core::SearchEnded from_proto(const proto::SearchEnded& message) {
    return {.sweep = {message.sweep()}, .reason = message.reason(), .at = {message.at_ns()}};
}

proto::JobHeld to_proto(const core::JobHeld& event) {
    const auto& [job, attempt, reason, at] = event;
    proto::JobHeld message;
    message.set_job(job.value);
    message.set_attempt(attempt);
    message.set_reason(reason);
    message.set_at_ns(at.ns);
    return message;
}

core::JobHeld from_proto(const proto::JobHeld& message) {
    return {
        .job = {message.job()},
        .attempt = message.attempt(),
        .reason = message.reason(),
        .at = {message.at_ns()}};
}

proto::JobPromoted to_proto(const core::JobPromoted& event) {
    const auto& [job, reason, at] = event;
    proto::JobPromoted message;
    message.set_job(job.value);
    message.set_reason(reason);
    message.set_at_ns(at.ns);
    return message;
}

core::JobPromoted from_proto(const proto::JobPromoted& message) {
    return {.job = {message.job()}, .reason = message.reason(), .at = {message.at_ns()}};
}

core::Event search_event_of(const proto::Event& message) {
    if (message.has_search_ended()) return from_proto(message.search_ended());
    if (message.has_job_held()) return from_proto(message.job_held());
    return from_proto(message.job_promoted());
}

void put(proto::Event& out, const core::SearchEnded& event) {
    *out.mutable_search_ended() = to_proto(event);
}

void put(proto::Event& out, const core::JobHeld& event) {
    *out.mutable_job_held() = to_proto(event);
}

void put(proto::Event& out, const core::JobPromoted& event) {
    *out.mutable_job_promoted() = to_proto(event);
}

}  // namespace bw::codec
