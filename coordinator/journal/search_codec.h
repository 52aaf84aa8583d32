// The events of core/search_events.h as Protobuf and back. Part of event_codec.h. Pure, any thread.
#pragma once

#include <events.pb.h>

#include "coordinator/core/event.h"

namespace bw::codec {

proto::SearchEnded to_proto(const core::SearchEnded& event);
core::SearchEnded from_proto(const proto::SearchEnded& message);

proto::JobHeld to_proto(const core::JobHeld& event);
core::JobHeld from_proto(const proto::JobHeld& message);

proto::JobPromoted to_proto(const core::JobPromoted& event);
core::JobPromoted from_proto(const proto::JobPromoted& message);

/// Of a message that holds one of these.
core::Event search_event_of(const proto::Event& message);

/// Sets the member of the oneof.
void put(proto::Event& out, const core::SearchEnded& event);
void put(proto::Event& out, const core::JobHeld& event);
void put(proto::Event& out, const core::JobPromoted& event);

}  // namespace bw::codec
