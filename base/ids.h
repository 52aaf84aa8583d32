// Identities. Each is a number of its own type, so that a job can never be passed where an agent is
// meant.
#pragma once

#include <compare>
#include <cstdint>

namespace bw {

template <class Tag>
struct Id {
    std::uint64_t value = 0;  // 0 is "none"; the first one given out is 1

    explicit operator bool() const { return value != 0; }

    friend auto operator<=>(const Id&, const Id&) = default;
};

using SweepId = Id<struct SweepTag>;  // in the order of submission
using JobId = Id<struct JobTag>;      // in the order of suggestion, over all sweeps
using AgentId = Id<struct AgentTag>;  // given by the coordinator when an agent first joins

/// One execution of a job: the fencing token of everything that a trainer does. Numbers start at 1.
struct AttemptId {
    JobId job;
    std::uint32_t number = 0;
    friend auto operator<=>(const AttemptId&, const AttemptId&) = default;
};

/// One device of one agent.
struct SlotRef {
    AgentId agent;
    std::uint32_t slot = 0;
    friend auto operator<=>(const SlotRef&, const SlotRef&) = default;
};

}  // namespace bw
