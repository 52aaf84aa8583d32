// The network as TCP shows it: messages of a session arrive in order, or the session ends and what
// was under way is gone. Delays of a few ticks; duplicates and late facts come from repeats after a
// reconnect.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <variant>

#include "coordinator/core/effect.h"
#include "coordinator/core/input.h"

namespace bw::sim {

struct Fact {
    std::uint64_t sequence = 0;
    decltype(core::AgentReport::fact) what;
};

struct Leaving {};

struct Farewell {};

using ToCoordinator = std::variant<core::AgentHello, Fact, Leaving, Farewell>;

struct Welcome {
    AgentId agent;
    std::uint64_t epoch = 0;
    bool drop_held_ranks = false;
};

struct Ack {
    std::uint64_t sequence = 0;
};

using ToAgent = std::variant<Welcome, Ack, core::Effect>;

template <class Message>
struct InFlight {
    std::int64_t arrives = 0;
    Message message;
};

/// One agent's connection.
struct Link {
    bool is_up = false;
    std::uint64_t session = 0;  // grows with every connection
    std::deque<InFlight<ToCoordinator>> to_coordinator;
    std::deque<InFlight<ToAgent>> to_agent;

    void send(ToCoordinator message, std::int64_t arrives) {
        if (is_up) to_coordinator.push_back({arrives, std::move(message)});
    }

    void send(ToAgent message, std::int64_t arrives) {
        if (is_up) to_agent.push_back({arrives, std::move(message)});
    }

    void connect() {
        cut();
        is_up = true;
        ++session;
    }

    void cut() {
        is_up = false;
        to_coordinator.clear();
        to_agent.clear();
    }
};

}  // namespace bw::sim
