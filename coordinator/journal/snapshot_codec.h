// core::State as Protobuf and back. A state is equal after the round trip. Pure, any thread.
// Errors: corrupt.
#pragma once

#include <snapshot.pb.h>

#include "base/result.h"
#include "coordinator/core/state.h"

namespace bw::codec {

proto::Snapshot to_proto(const core::State& state);
Result<core::State> from_proto(const proto::Snapshot& message);

}  // namespace bw::codec
