// The agents: they hold a session with the coordinator, keep facts until these are acknowledged,
// and look after their trainers. They crash, are cut off, come back, and leave.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "coordinator/sim/network.h"
#include "coordinator/sim/trainers.h"
#include "coordinator/sim/world.h"

namespace bw::sim {

struct Agent {
    std::string name;
    std::vector<core::SlotInfo> slots;
    bool is_alive = false;
    std::int64_t starts_at = 1;     // when it is not alive
    std::int64_t reachable_at = 0;  // a partition ends
    std::int64_t reconnects_at = 0;
    std::uint64_t epoch = 0;
    bool is_welcome = false;
    std::deque<Fact> spool;  // not acknowledged yet
    std::int64_t preempts_at =
        0;  // 0: it stays; else it leaves, and then stops by itself what runs
    std::uint64_t sequence_last = 0;
    Link link;
};

class Agents {
public:
    explicit Agents(World& world);

    /// Connects, starts and says what is due; `coordinator_is_up` decides whether a connection
    /// comes about.
    void advance(bool coordinator_is_up);
    void receive(std::size_t agent, const ToAgent& message);

    // Faults.
    void crash(std::size_t agent);
    void cut(std::size_t agent);
    void isolate(std::size_t agent, std::int64_t ticks);
    bool leave(std::size_t agent);
    void heal_all();

    [[nodiscard]] std::vector<Agent>& all() { return agents_; }

    [[nodiscard]] Trainers& trainers() { return trainers_; }

    /// Facts as they were said, with the epoch they belong to: material for late and repeated
    /// reports.
    [[nodiscard]] const std::vector<std::pair<std::size_t, core::AgentReport>>& said() const {
        return said_;
    }

private:
    void say(std::size_t agent, const decltype(core::AgentReport::fact)& fact);
    void carry_out(std::size_t agent, const core::Effect& order);
    void go_on_leaving(std::size_t agent);
    void on_welcome(std::size_t agent, const Welcome& welcome);
    void connect(std::size_t agent);
    void go_down(std::size_t agent, std::int64_t ticks);
    std::int64_t arrival();

    World& world_;
    Trainers trainers_;
    std::vector<Agent> agents_;
    std::vector<std::pair<std::size_t, core::AgentReport>> said_;
};

}  // namespace bw::sim
