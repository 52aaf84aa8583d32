// The events of core/control_events.h as Protobuf and back. Part of event_codec.h. Pure, any
// thread.
#pragma once

#include <events.pb.h>

#include "coordinator/core/event.h"

namespace bw::codec {

proto::SweepPaused to_proto(const core::SweepPaused& event);
core::SweepPaused from_proto(const proto::SweepPaused& message);

proto::SweepResumed to_proto(const core::SweepResumed& event);
core::SweepResumed from_proto(const proto::SweepResumed& message);

proto::SweepCancelled to_proto(const core::SweepCancelled& event);
core::SweepCancelled from_proto(const proto::SweepCancelled& message);

proto::SweepReopened to_proto(const core::SweepReopened& event);
core::SweepReopened from_proto(const proto::SweepReopened& message);

proto::JobPaused to_proto(const core::JobPaused& event);
core::JobPaused from_proto(const proto::JobPaused& message);

proto::JobResumed to_proto(const core::JobResumed& event);
core::JobResumed from_proto(const proto::JobResumed& message);

proto::JobWorldSizeSet to_proto(const core::JobWorldSizeSet& event);
core::JobWorldSizeSet from_proto(const proto::JobWorldSizeSet& message);

proto::JobReopened to_proto(const core::JobReopened& event);
core::JobReopened from_proto(const proto::JobReopened& message);

proto::AgentDraining to_proto(const core::AgentDraining& event);
core::AgentDraining from_proto(const proto::AgentDraining& message);

proto::AgentReturned to_proto(const core::AgentReturned& event);
core::AgentReturned from_proto(const proto::AgentReturned& message);

proto::AgentsExpected to_proto(const core::AgentsExpected& event);
core::AgentsExpected from_proto(const proto::AgentsExpected& message);

proto::AgentsSettled to_proto(const core::AgentsSettled& event);
core::AgentsSettled from_proto(const proto::AgentsSettled& message);

/// Of a message that holds one of these.
core::Event control_event_of(const proto::Event& message);

/// Sets the member of the oneof.
void put(proto::Event& out, const core::SweepPaused& event);
void put(proto::Event& out, const core::SweepResumed& event);
void put(proto::Event& out, const core::SweepCancelled& event);
void put(proto::Event& out, const core::SweepReopened& event);
void put(proto::Event& out, const core::JobPaused& event);
void put(proto::Event& out, const core::JobResumed& event);
void put(proto::Event& out, const core::JobWorldSizeSet& event);
void put(proto::Event& out, const core::JobReopened& event);
void put(proto::Event& out, const core::AgentDraining& event);
void put(proto::Event& out, const core::AgentReturned& event);
void put(proto::Event& out, const core::AgentsExpected& event);
void put(proto::Event& out, const core::AgentsSettled& event);

}  // namespace bw::codec
