// Between frames and the core's inputs and effects. Pure.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include <frames.pb.h>

#include "base/result.h"
#include "coordinator/core/effect.h"
#include "coordinator/core/input.h"
#include "coordinator/core/state.h"

namespace bw::net {

/// A frame for the agent that has this epoch.
struct Order {
    AgentId agent;
    std::uint64_t epoch = 0;
    proto::Frame frame;
};

using AttemptDir = std::function<std::filesystem::path(const core::StartRanks&)>;

/// Nothing for effects that concern no agent.
std::optional<Order> order_of(const core::Effect& effect, const AttemptDir& attempt_dir);

/// Whether a start was decided before the hello that `state` knows by now, for ranks that the hello
/// did not name: these have ended, and their slots may hold another attempt.
bool is_overtaken(const core::State& state, const Order& order);

core::AgentHello hello_of(const proto::Hello& hello);

/// Errors: corrupt (no kind, or an enumerator that this release does not know).
Result<core::AgentReport> report_of(const proto::Fact& fact, AgentId agent, std::uint64_t epoch);

/// Why this agent is not let in, with both sides' values; empty: it is.
std::string refusal_of(const proto::Hello& hello, const std::string& token);

}  // namespace bw::net
