// The coordinator's process around the core, as the real one runs it: decide, apply in memory,
// group commit, then effects and acknowledgements; leases; and after a crash a replay of what was
// durable, through the real codec.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "coordinator/core/core.h"
#include "coordinator/sim/agents.h"
#include "coordinator/sim/checks.h"
#include "coordinator/sim/network.h"
#include "coordinator/sim/world.h"

namespace bw::sim {

class Coordinator {
public:
    Coordinator(World& world, Agents& agents, Checks& checks)
        : world_(world), agents_(agents), checks_(checks) {}

    void receive(std::size_t agent, const ToCoordinator& message);
    void give(const core::Input& input, std::function<void()> when_durable = nullptr);

    /// Timers and leases; then what was decided becomes durable, unless the disk is slow this tick.
    void advance();
    void crash();
    void restart();

    [[nodiscard]] bool is_up() const { return is_up_; }

    [[nodiscard]] const core::State& state() const { return state_; }

private:
    struct Pending {
        std::vector<core::Event> events;
        std::vector<core::Effect> effects;
        std::function<void()> when_durable;
    };

    struct Lease {
        std::uint64_t epoch = 0;
        std::int64_t heard_at = 0;
        std::size_t link = 0;
        std::uint64_t session = 0;  // 0: none since the restart
    };

    void on_hello(std::size_t agent, const core::AgentHello& hello);
    void on_durable_hello(std::size_t agent, std::uint64_t session, const std::string& name);
    void on_fact(std::size_t agent, const Fact& fact);
    void on_leaving(std::size_t agent);
    void on_farewell(std::size_t agent);
    void search();
    void expire_leases();
    void fire_timer();
    void commit();
    void carry_out(core::Effect effect);
    Lease* find_lease_of(std::size_t agent);
    bool has_session(const Lease& lease);

    World& world_;
    Agents& agents_;
    Checks& checks_;
    bool is_up_ = true;
    core::State state_;
    core::State durable_;           // what the journal amounts to, kept beside it
    std::vector<std::string> log_;  // the journal: one encoded batch per entry
    std::deque<Pending> pending_;
    std::map<AgentId, Lease> leases_;

    struct Question {
        core::SearcherAnswered answer;
        std::int64_t answered_at = 0;
    };

    std::map<SweepId, Question> asked_;  // dies with the process, as a real searcher's work does
};

}  // namespace bw::sim
