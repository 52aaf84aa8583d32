#include "coordinator/journal/event_codec.h"

#include <string>
#include <utility>

namespace bw::codec {
namespace {

// Each to_proto takes its event apart with a structured binding: a new field stops the build here.

proto::SweepSubmitted to_proto(const core::SweepSubmitted& event) {
    const auto& [sweep, file_name, text, fingerprint, at] = event;
    proto::SweepSubmitted message;
    message.set_sweep(sweep.value);
    message.set_file_name(file_name);
    message.set_text(text);
    message.set_fingerprint(fingerprint);
    message.set_at_ns(at.ns);
    return message;
}

core::SweepSubmitted from_proto(const proto::SweepSubmitted& message) {
    return {
        .sweep = {message.sweep()},
        .file_name = message.file_name(),
        .text = message.text(),
        .fingerprint = message.fingerprint(),
        .at = {message.at_ns()}};
}

proto::SweepLimitsChanged to_proto(const core::SweepLimitsChanged& event) {
    const auto& [sweep, text] = event;
    proto::SweepLimitsChanged message;
    message.set_sweep(sweep.value);
    message.set_text(text);
    return message;
}

core::SweepLimitsChanged from_proto(const proto::SweepLimitsChanged& message) {
    return {.sweep = {message.sweep()}, .text = message.text()};
}

proto::PointsSuggested to_proto(const core::PointsSuggested& event) {
    const auto& [sweep, points, exhausted] = event;
    proto::PointsSuggested message;
    message.set_sweep(sweep.value);
    for (const auto& [job, ordinal, hash, params_json] : points) {
        proto::SuggestedPoint& point = *message.add_points();
        point.set_job(job.value);
        point.set_ordinal(ordinal);
        point.set_hash(hash);
        point.set_params_json(params_json);
    }
    message.set_exhausted(exhausted);
    return message;
}

core::PointsSuggested from_proto(const proto::PointsSuggested& message) {
    core::PointsSuggested event{
        .sweep = {message.sweep()}, .points = {}, .exhausted = message.exhausted()};
    for (const auto& point : message.points()) {
        event.points.push_back(
            {.job = {point.job()},
             .ordinal = point.ordinal(),
             .hash = point.hash(),
             .params_json = point.params_json()}
        );
    }
    return event;
}

proto::SweepEnded to_proto(const core::SweepEnded& event) {
    const auto& [sweep, at] = event;
    proto::SweepEnded message;
    message.set_sweep(sweep.value);
    message.set_at_ns(at.ns);
    return message;
}

core::SweepEnded from_proto(const proto::SweepEnded& message) {
    return {.sweep = {message.sweep()}, .at = {message.at_ns()}};
}

proto::AgentJoined to_proto(const core::AgentJoined& event) {
    const auto& [agent, epoch, name, host, slots, at, metrics_port] = event;
    proto::AgentJoined message;
    message.set_agent(agent.value);
    message.set_epoch(epoch);
    message.set_name(name);
    message.set_host(host);
    for (const auto& slot : slots) *message.add_slots() = codec::to_proto(slot);
    message.set_at_ns(at.ns);
    message.set_metrics_port(metrics_port);
    return message;
}

core::AgentJoined from_proto(const proto::AgentJoined& message) {
    core::AgentJoined event{
        .agent = {message.agent()},
        .epoch = message.epoch(),
        .name = message.name(),
        .host = message.host(),
        .slots = {},
        .at = {message.at_ns()},
        .metrics_port = message.metrics_port()};
    for (const auto& slot : message.slots()) event.slots.push_back(codec::from_proto(slot));
    return event;
}

proto::AgentLost to_proto(const core::AgentLost& event) {
    const auto& [agent, epoch, reason, at] = event;
    proto::AgentLost message;
    message.set_agent(agent.value);
    message.set_epoch(epoch);
    message.set_reason(reason);
    message.set_at_ns(at.ns);
    return message;
}

core::AgentLost from_proto(const proto::AgentLost& message) {
    return {
        .agent = {message.agent()},
        .epoch = message.epoch(),
        .reason = message.reason(),
        .at = {message.at_ns()}};
}

proto::AttemptPlaced to_proto(const core::AttemptPlaced& event) {
    const auto& [job, attempt, slots, plan, resume, at] = event;
    proto::AttemptPlaced message;
    message.set_job(job.value);
    message.set_attempt(attempt);
    for (const auto& [agent, slot] : slots) {
        proto::SlotRef& ref = *message.add_slots();
        ref.set_agent(agent.value);
        ref.set_slot(slot);
    }
    *message.mutable_plan() = codec::to_proto(plan);
    if (resume) *message.mutable_resume() = codec::to_proto(*resume);
    message.set_at_ns(at.ns);
    return message;
}

core::AttemptPlaced from_proto(const proto::AttemptPlaced& message) {
    core::AttemptPlaced event{
        .job = {message.job()},
        .attempt = message.attempt(),
        .slots = {},
        .plan = codec::from_proto(message.plan()),
        .resume = std::nullopt,
        .at = {message.at_ns()}};
    for (const auto& ref : message.slots()) event.slots.push_back({{ref.agent()}, ref.slot()});
    if (message.has_resume()) event.resume = codec::from_proto(message.resume());
    return event;
}

proto::AttemptStopping to_proto(const core::AttemptStopping& event) {
    const auto& [job, attempt, kind, reason, after] = event;
    proto::AttemptStopping message;
    message.set_job(job.value);
    message.set_attempt(attempt);
    message.set_kind(static_cast<int>(kind));
    message.set_reason(reason);
    message.set_after(static_cast<int>(after));
    return message;
}

Result<core::AttemptStopping> from_proto(const proto::AttemptStopping& message) {
    const auto kind = stop_kind_of(message.kind());
    if (!kind) return kind.error();
    const auto after = after_stop_of(message.after());
    if (!after) return after.error();
    return core::AttemptStopping{
        .job = {message.job()},
        .attempt = message.attempt(),
        .kind = *kind,
        .reason = message.reason(),
        .after = *after};
}

proto::JobRequeued to_proto(const core::JobRequeued& event) {
    const auto& [job, attempt, counts_as_retry, reason, not_before] = event;
    proto::JobRequeued message;
    message.set_job(job.value);
    message.set_attempt(attempt);
    message.set_counts_as_retry(counts_as_retry);
    message.set_reason(reason);
    message.set_not_before_ns(not_before.ns);
    return message;
}

core::JobRequeued from_proto(const proto::JobRequeued& message) {
    return {
        .job = {message.job()},
        .attempt = message.attempt(),
        .counts_as_retry = message.counts_as_retry(),
        .reason = message.reason(),
        .not_before = {message.not_before_ns()}};
}

proto::JobEnded to_proto(const core::JobEnded& event) {
    const auto& [job, state, reason, result, at, lost] = event;
    proto::JobEnded message;
    message.set_job(job.value);
    message.set_state(static_cast<int>(state));
    message.set_reason(reason);
    if (result) *message.mutable_result() = codec::to_proto(*result);
    message.set_at_ns(at.ns);
    message.set_lost_ns(lost.ns);
    return message;
}

Result<core::JobEnded> from_proto(const proto::JobEnded& message) {
    const auto state = job_state_of(message.state());
    if (!state) return state.error();
    core::JobEnded event{
        .job = {message.job()},
        .state = *state,
        .reason = message.reason(),
        .result = std::nullopt,
        .at = {message.at_ns()},
        .lost = {message.lost_ns()}};
    if (message.has_result()) event.result = codec::from_proto(message.result());
    return event;
}

// ---- the oneof
// -----------------------------------------------------------------------------------------------

struct IntoEvent {
    proto::Event& out;

    void operator()(const core::SweepSubmitted& e) const {
        *out.mutable_sweep_submitted() = to_proto(e);
    }

    void operator()(const core::SweepLimitsChanged& e) const {
        *out.mutable_sweep_limits_changed() = to_proto(e);
    }

    void operator()(const core::PointsSuggested& e) const {
        *out.mutable_points_suggested() = to_proto(e);
    }

    void operator()(const core::SweepEnded& e) const { *out.mutable_sweep_ended() = to_proto(e); }

    void operator()(const core::AgentJoined& e) const { *out.mutable_agent_joined() = to_proto(e); }

    void operator()(const core::AgentLost& e) const { *out.mutable_agent_lost() = to_proto(e); }

    void operator()(const core::AttemptPlaced& e) const {
        *out.mutable_attempt_placed() = to_proto(e);
    }

    void operator()(const core::StoreOpened& e) const {
        *out.mutable_store_opened() = codec::to_proto(e);
    }

    void operator()(const core::AttemptRunning& e) const {
        *out.mutable_attempt_running() = codec::to_proto(e);
    }

    void operator()(const core::CheckpointAccepted& e) const {
        *out.mutable_checkpoint_accepted() = codec::to_proto(e);
    }

    void operator()(const core::EpochMeasured& e) const {
        *out.mutable_epoch_measured() = codec::to_proto(e);
    }

    void operator()(const core::RankEnded& e) const {
        *out.mutable_rank_ended() = codec::to_proto(e);
    }

    void operator()(const core::ProfileLearned& e) const {
        *out.mutable_profile_learned() = codec::to_proto(e);
    }

    void operator()(const core::AttemptStopping& e) const {
        *out.mutable_attempt_stopping() = to_proto(e);
    }

    void operator()(const core::JobRequeued& e) const { *out.mutable_job_requeued() = to_proto(e); }

    void operator()(const core::JobEnded& e) const { *out.mutable_job_ended() = to_proto(e); }

    template <class Control>
    void operator()(const Control& e) const {
        put(out, e);
    }
};

template <class T>
Result<core::Event> as_event(T event) {
    return core::Event{std::move(event)};
}

template <class T>
Result<core::Event> as_event(Result<T> event) {
    if (!event) return event.error();
    return core::Event{std::move(*event)};
}

Error unknown_kind() {
    return fail(
        Errc::corrupt, "event: of no kind that this release knows (written by a newer one?)"
    );
}

}  // namespace

proto::Event to_proto(const core::Event& event) {
    proto::Event message;
    std::visit(IntoEvent{message}, event);
    return message;
}

Result<core::Event> from_proto(const proto::Event& message) {
    switch (message.kind_case()) {
        case proto::Event::kSweepSubmitted:
            return as_event(from_proto(message.sweep_submitted()));
        case proto::Event::kSweepLimitsChanged:
            return as_event(from_proto(message.sweep_limits_changed()));
        case proto::Event::kPointsSuggested:
            return as_event(from_proto(message.points_suggested()));
        case proto::Event::kSweepEnded:
            return as_event(from_proto(message.sweep_ended()));
        case proto::Event::kAgentJoined:
            return as_event(from_proto(message.agent_joined()));
        case proto::Event::kAgentLost:
            return as_event(from_proto(message.agent_lost()));
        case proto::Event::kAttemptPlaced:
            return as_event(from_proto(message.attempt_placed()));
        case proto::Event::kStoreOpened:
            return as_event(from_proto(message.store_opened()));
        case proto::Event::kAttemptRunning:
            return as_event(from_proto(message.attempt_running()));
        case proto::Event::kCheckpointAccepted:
            return as_event(from_proto(message.checkpoint_accepted()));
        case proto::Event::kEpochMeasured:
            return as_event(from_proto(message.epoch_measured()));
        case proto::Event::kProfileLearned:
            return as_event(from_proto(message.profile_learned()));
        case proto::Event::kRankEnded:
            return as_event(from_proto(message.rank_ended()));
        case proto::Event::kAttemptStopping:
            return as_event(from_proto(message.attempt_stopping()));
        case proto::Event::kJobRequeued:
            return as_event(from_proto(message.job_requeued()));
        case proto::Event::kJobEnded:
            return as_event(from_proto(message.job_ended()));
        case proto::Event::kSweepPaused:
        case proto::Event::kSweepResumed:
        case proto::Event::kSweepCancelled:
        case proto::Event::kSweepReopened:
        case proto::Event::kJobPaused:
        case proto::Event::kJobResumed:
        case proto::Event::kJobWorldSizeSet:
        case proto::Event::kJobReopened:
        case proto::Event::kAgentDraining:
        case proto::Event::kAgentReturned:
        case proto::Event::kAgentsExpected:
        case proto::Event::kAgentsSettled:
            return control_event_of(message);
        case proto::Event::kSearchEnded:
        case proto::Event::kJobHeld:
        case proto::Event::kJobPromoted:
            return search_event_of(message);
        case proto::Event::KIND_NOT_SET:
            break;
    }
    return unknown_kind();
}

proto::EventBatch to_proto(std::span<const core::Event> events) {
    proto::EventBatch message;
    for (const auto& event : events) *message.add_events() = to_proto(event);
    return message;
}

Result<std::vector<core::Event>> from_proto(const proto::EventBatch& message) {
    std::vector<core::Event> events;
    events.reserve(static_cast<std::size_t>(message.events_size()));
    for (const auto& one : message.events()) {
        auto event = from_proto(one);
        if (!event) return event.error();
        events.push_back(std::move(*event));
    }
    return events;
}

}  // namespace bw::codec
