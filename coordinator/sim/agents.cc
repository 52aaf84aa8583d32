#include "coordinator/sim/agents.h"

namespace bw::sim {

Agents::Agents(World& world)
    : world_(world),
      trainers_(world, [this](std::size_t agent, const auto& fact) { say(agent, fact); }) {
    const auto count = world.between(1, 4);
    for (std::int64_t i = 0; i < count; ++i) {
        Agent& agent = agents_.emplace_back();
        agent.name = "host" + std::to_string(i) + "/0";
        core::SlotInfo slot;
        slot.kind = "cpu";
        agent.slots.assign(static_cast<std::size_t>(world.between(1, 3)), slot);
        agent.starts_at = world.between(1, 20);
    }
    agents_.front().slots.resize(4, agents_.front().slots.front());  // every gang fits at last
}

// Messages of one direction keep their order, so the delay is one of the whole link, drawn per
// tick.
std::int64_t Agents::arrival() { return world_.tick + 1; }

void Agents::advance(bool coordinator_is_up) {
    for (std::size_t i = 0; i < agents_.size(); ++i) {
        Agent& agent = agents_[i];
        if (!agent.is_alive && agent.starts_at <= world_.tick) agent.is_alive = true;
        const bool may_connect =
            agent.is_alive && coordinator_is_up && agent.reachable_at <= world_.tick;
        if (may_connect && !agent.link.is_up && agent.reconnects_at <= world_.tick) connect(i);
        if (agent.is_alive && agent.preempts_at != 0) go_on_leaving(i);
    }
}

void Agents::connect(std::size_t i) {
    Agent& agent = agents_[i];
    agent.link.connect();
    agent.is_welcome = false;
    core::AgentHello hello;
    hello.name = agent.name;
    hello.host = "10.0.0." + std::to_string(i + 1);
    hello.slots = agent.slots;
    hello.epoch = agent.epoch;
    hello.held = trainers_.held_by(i);
    for (const Fact& fact : agent.spool) {
        const auto* ended = std::get_if<core::RankEnded>(&fact.what);
        if (ended != nullptr) hello.held.push_back({ended->job, ended->attempt, ended->rank});
    }
    agent.link.send(ToCoordinator(hello), arrival());
}

void Agents::say(std::size_t i, const decltype(core::AgentReport::fact)& fact) {
    Agent& agent = agents_[i];
    agent.spool.push_back({++agent.sequence_last, fact});
    said_.emplace_back(i, core::AgentReport{.agent = {}, .epoch = agent.epoch, .fact = fact});
    if (agent.is_welcome) agent.link.send(ToCoordinator(agent.spool.back()), arrival());
}

void Agents::receive(std::size_t i, const ToAgent& message) {
    Agent& agent = agents_[i];
    if (const auto* welcome = std::get_if<Welcome>(&message)) {
        on_welcome(i, *welcome);
    } else if (const auto* ack = std::get_if<Ack>(&message)) {
        while (!agent.spool.empty() && agent.spool.front().sequence <= ack->sequence)
            agent.spool.pop_front();
    } else {
        carry_out(i, std::get<core::Effect>(message));
    }
}

void Agents::on_welcome(std::size_t i, const Welcome& welcome) {
    Agent& agent = agents_[i];
    if (welcome.drop_held_ranks) {
        trainers_.drop_all(i);
        agent.spool.clear();
        agent.link.cut();
        agent.reconnects_at = world_.tick + world_.between(1, 5);
        return;
    }
    agent.epoch = welcome.epoch;
    agent.is_welcome = true;
    if (agent.preempts_at != 0) agent.link.send(ToCoordinator(Leaving{}), arrival());
    for (const Fact& fact : agent.spool) agent.link.send(ToCoordinator(fact), arrival());
}

void Agents::carry_out(std::size_t i, const core::Effect& order) {
    const auto* start = std::get_if<core::StartRanks>(&order);
    if (start != nullptr && agents_[i].preempts_at == 0) trainers_.start(i, *start);
    if (const auto* meet = std::get_if<core::SendRendezvous>(&order))
        trainers_.rendezvous(i, {meet->job, meet->attempt});
    if (const auto* stop = std::get_if<core::StopRanks>(&order))
        trainers_.stop(i, {stop->job, stop->attempt}, stop->kind);
    if (const auto* confirm = std::get_if<core::ConfirmCheckpoint>(&order))
        trainers_.confirm(i, *confirm);
}

void Agents::go_down(std::size_t i, std::int64_t ticks) {
    Agent& agent = agents_[i];
    trainers_.drop_all(i);
    agent.link.cut();
    agent.is_alive = false;
    agent.is_welcome = false;
    agent.epoch = 0;
    agent.spool.clear();
    agent.preempts_at = 0;
    agent.starts_at = world_.tick + ticks;
}

void Agents::crash(std::size_t i) { go_down(i, world_.between(1, 2 * kLeaseTicks)); }

void Agents::cut(std::size_t i) {
    agents_[i].link.cut();
    agents_[i].is_welcome = false;
    agents_[i].reconnects_at = world_.tick + world_.between(1, 10);
}

void Agents::isolate(std::size_t i, std::int64_t ticks) {
    cut(i);
    agents_[i].reachable_at = world_.tick + ticks;
}

// It says so, and the coordinator preempts what runs there; without a session, or when nothing
// comes of it, it does that itself. Once nothing runs and every fact is durable it goes.
bool Agents::leave(std::size_t i) {
    Agent& agent = agents_[i];
    if (!agent.is_alive || agent.preempts_at != 0) return false;
    agent.preempts_at = world_.tick + (agent.is_welcome ? kGraceTicks : 1);
    if (agent.is_welcome) agent.link.send(ToCoordinator(Leaving{}), arrival());
    return true;
}

void Agents::go_on_leaving(std::size_t i) {
    Agent& agent = agents_[i];
    if (agent.preempts_at == world_.tick) trainers_.preempt_all(i);
    if (!trainers_.held_by(i).empty()) {
        if (agent.preempts_at + 2 * kGraceTicks <= world_.tick) trainers_.kill_all(i);
        return;
    }
    if (agent.is_welcome && !agent.spool.empty()) return;
    if (agent.is_welcome) agent.link.send(ToCoordinator(Farewell{}), arrival());
    const bool said_so = agent.is_welcome;
    agent.is_alive = agent.is_welcome = false;
    agent.starts_at = world_.tick + world_.between(20, 60);
    agent.preempts_at = 0;
    agent.epoch = 0;
    agent.spool.clear();
    if (!said_so) agent.link.cut();
}

void Agents::heal_all() {
    for (Agent& agent : agents_) {
        agent.reachable_at = 0;
        if (!agent.is_alive) agent.starts_at = std::min(agent.starts_at, world_.tick + 1);
    }
}

}  // namespace bw::sim
