// core's events as Protobuf and back, for the journal and for the sessions with agents (Facts).
// Every field of every event; a field added to an event does not compile until it stands here.
// Pure, any thread. Errors: corrupt (an enumerator of a newer release, a kind that is not set).
#pragma once

#include <span>

#include <events.pb.h>

#include "base/result.h"
#include "coordinator/core/event.h"
#include "coordinator/journal/control_codec.h"
#include "coordinator/journal/search_codec.h"

namespace bw::codec {

proto::Plan to_proto(const plan::Plan& plan);
plan::Plan from_proto(const proto::Plan& message);

proto::SlotInfo to_proto(const core::SlotInfo& slot);
core::SlotInfo from_proto(const proto::SlotInfo& message);

proto::Checkpoint to_proto(const core::Checkpoint& checkpoint);
core::Checkpoint from_proto(const proto::Checkpoint& message);

proto::JobResult to_proto(const core::JobResult& result);
core::JobResult from_proto(const proto::JobResult& message);

// ---- what agents report (proto::Fact) and the journal holds
// --------------------------------------------------

proto::StoreOpened to_proto(const core::StoreOpened& event);
core::StoreOpened from_proto(const proto::StoreOpened& message);

proto::AttemptRunning to_proto(const core::AttemptRunning& event);
core::AttemptRunning from_proto(const proto::AttemptRunning& message);

proto::CheckpointAccepted to_proto(const core::CheckpointAccepted& event);
core::CheckpointAccepted from_proto(const proto::CheckpointAccepted& message);

proto::EpochMeasured to_proto(const core::EpochMeasured& event);
core::EpochMeasured from_proto(const proto::EpochMeasured& message);

proto::ProfileLearned to_proto(const core::ProfileLearned& event);
core::ProfileLearned from_proto(const proto::ProfileLearned& message);

proto::RankEnded to_proto(const core::RankEnded& event);
Result<core::RankEnded> from_proto(const proto::RankEnded& message);

// ---- the journal
// ---------------------------------------------------------------------------------------------

proto::Event to_proto(const core::Event& event);
Result<core::Event> from_proto(const proto::Event& message);

proto::EventBatch to_proto(std::span<const core::Event> events);
Result<std::vector<core::Event>> from_proto(const proto::EventBatch& message);

/// Enumerators from numbers. Errors: corrupt, with the number.
Result<core::RankOutcome> rank_outcome_of(int number);
Result<core::StopKind> stop_kind_of(int number);
Result<core::AfterStop> after_stop_of(int number);
Result<core::JobState> job_state_of(int number);

}  // namespace bw::codec
