// Events as one line of text each, for logs, golden traces and the simulator. Every field that
// decides is in the line; long ones (a sweep's text, a point's parameters) are named by their hash.
#pragma once

#include <string>

#include "coordinator/core/event.h"

namespace bw::core {

/// `AttemptPlaced job=3 attempt=1 slots=1.0,1.1 m=32 a=1 resume=-`
std::string describe(const Event& event);

}  // namespace bw::core
