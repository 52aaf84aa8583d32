#include "coordinator/sim/coordinator.h"

#include <algorithm>

#include "coordinator/core/answer.h"
#include "coordinator/journal/event_codec.h"
#include "coordinator/journal/snapshot_codec.h"

namespace bw::sim {

void Coordinator::give(const core::Input& input, std::function<void()> when_durable) {
    Pending batch;
    batch.events = core::decide(state_, input, world_.now());
    for (const core::Event& event : batch.events) {
        core::apply(state_, event);
        checks_.on_event(state_, event);
        for (core::Effect& effect : core::effects_of(state_, event))
            batch.effects.push_back(std::move(effect));
    }
    batch.when_durable = std::move(when_durable);
    pending_.push_back(std::move(batch));
}

// ---- sessions

Coordinator::Lease* Coordinator::find_lease_of(std::size_t agent) {
    for (auto& [id, lease] : leases_) {
        if (lease.link == agent && has_session(lease)) return &lease;
    }
    return nullptr;
}

bool Coordinator::has_session(const Lease& lease) {
    const Link& link = agents_.all()[lease.link].link;
    return lease.session != 0 && link.is_up && link.session == lease.session;
}

void Coordinator::receive(std::size_t agent, const ToCoordinator& message) {
    if (const auto* hello = std::get_if<core::AgentHello>(&message)) {
        on_hello(agent, *hello);
    } else if (const auto* fact = std::get_if<Fact>(&message)) {
        on_fact(agent, *fact);
    } else if (std::holds_alternative<Leaving>(message)) {
        on_leaving(agent);
    } else {
        on_farewell(agent);
    }
}

void Coordinator::on_hello(std::size_t agent, const core::AgentHello& hello) {
    const core::AgentRecord* known = core::find_agent(state_, hello.name);
    const bool is_current = known != nullptr && known->live && known->epoch == hello.epoch;
    Link& link = agents_.all()[agent].link;
    if (!is_current && !hello.held.empty()) {
        link.send(
            ToAgent(Welcome{.agent = {}, .epoch = 0, .drop_held_ranks = true}), world_.tick + 1
        );
        return;
    }
    if (known != nullptr && leases_.contains(known->id))
        leases_.at(known->id).heard_at = world_.tick;
    give(hello, [this, agent, session = link.session, name = hello.name] {
        on_durable_hello(agent, session, name);
    });
}

// Runs before the orders of its own batch, as the real sessions hold these back until the agent is
// welcome.
void Coordinator::on_durable_hello(
    std::size_t agent, std::uint64_t session, const std::string& name
) {
    const core::AgentRecord& record = *core::find_agent(state_, name);
    Link& link = agents_.all()[agent].link;
    leases_[record.id] = {
        .epoch = record.epoch, .heard_at = world_.tick, .link = agent, .session = session};
    if (!has_session(leases_[record.id])) return;
    link.send(ToAgent(Welcome{.agent = record.id, .epoch = record.epoch}), world_.tick + 1);
}

void Coordinator::on_fact(std::size_t agent, const Fact& fact) {
    const Lease* lease = find_lease_of(agent);
    if (lease == nullptr) return;
    const auto id = std::ranges::find_if(leases_, [lease](const auto& entry) {
                        return &entry.second == lease;
                    })->first;
    const core::AgentReport report{.agent = id, .epoch = lease->epoch, .fact = fact.what};
    give(report, [this, agent, session = lease->session, sequence = fact.sequence] {
        Link& link = agents_.all()[agent].link;
        if (link.session == session) link.send(ToAgent(Ack{sequence}), world_.tick + 1);
    });
}

void Coordinator::on_leaving(std::size_t agent) {
    for (const auto& [id, lease] : leases_) {
        if (lease.link != agent || !has_session(lease)) continue;
        return give(core::DrainAgent{.agent = id, .epoch = lease.epoch, .reason = "leaves"});
    }
}

void Coordinator::on_farewell(std::size_t agent) {
    for (auto it = leases_.begin(); it != leases_.end(); ++it) {
        if (it->second.link != agent || !has_session(it->second)) continue;
        give(core::AgentGone{.agent = it->first, .epoch = it->second.epoch, .reason = "left"});
        leases_.erase(it);
        break;
    }
    agents_.all()[agent].link.cut();
}

// ---- time

void Coordinator::advance() {
    expire_leases();
    fire_timer();
    search();
    const bool disk_is_slow = world_.has_faults() && world_.chance(300);
    if (!disk_is_slow) commit();
}

// An answer takes its time; meanwhile the state goes on.
void Coordinator::search() {
    std::vector<core::SearcherAnswered> due;
    for (const auto& [sweep, question] : asked_) {
        if (question.answered_at <= world_.tick) due.push_back(question.answer);
    }
    for (const core::SearcherAnswered& answer : due) {
        asked_.erase(answer.sweep);
        give(answer);
    }
    for (const core::PointsWanted& wanted : core::wanted_points(state_, world_.now())) {
        if (asked_.contains(wanted.sweep)) continue;
        const core::SweepRecord& sweep = state_.sweeps.at(wanted.sweep);
        asked_[wanted.sweep] = {
            core::answer_of(*sweep.sweep, core::past_jobs(state_, sweep), wanted),
            world_.tick + world_.between(1, 4)};
    }
}

void Coordinator::expire_leases() {
    std::vector<AgentId> expired;
    for (auto& [id, lease] : leases_) {
        if (has_session(lease)) lease.heard_at = world_.tick;
        if (world_.tick - lease.heard_at > kLeaseTicks) expired.push_back(id);
    }
    for (const AgentId id : expired) {
        give(core::AgentGone{
            .agent = id, .epoch = leases_.at(id).epoch, .reason = "its lease ran out"});
        leases_.erase(id);
    }
}

void Coordinator::fire_timer() {
    for (int i = 0; i < 100; ++i) {
        const auto due = core::next_timer(state_);
        if (!due || *due > world_.now()) return;
        give(core::Tick{});
    }
    world_.require(false, "a timer that fires settles what it fired for");
}

// ---- durability

void Coordinator::commit() {
    std::deque<Pending> batches;
    batches.swap(pending_);
    for (const Pending& batch : batches) {
        if (batch.events.empty()) continue;
        log_.push_back(codec::to_proto(batch.events).SerializeAsString());
        for (const core::Event& event : batch.events) {
            core::apply(durable_, event);
            checks_.on_durable(event);
        }
    }
    for (Pending& batch : batches) {
        if (batch.when_durable) batch.when_durable();
        for (core::Effect& effect : batch.effects) carry_out(std::move(effect));
    }
}

void Coordinator::carry_out(core::Effect effect) {
    if (auto* start = std::get_if<core::StartRanks>(&effect)) {
        if (world_.options.sabotage == Sabotage::forget_slots) start->ranks.front().slot = 0;
    }
    const bool is_stop = std::holds_alternative<core::StopRanks>(effect);
    if (is_stop && world_.options.sabotage == Sabotage::lose_stops) return;
    std::visit(
        [&](const auto& order) {
            if constexpr (requires { order.agent; }) {
                const auto lease = leases_.find(order.agent);
                if (lease == leases_.end() || lease->second.epoch != order.epoch) return;
                if (!has_session(lease->second)) return;
                agents_.all()[lease->second.link].link.send(
                    ToAgent(core::Effect(order)), world_.tick + 1
                );
            }
        },
        effect
    );
}

void Coordinator::crash() {
    is_up_ = false;
    pending_.clear();
    leases_.clear();
    asked_.clear();
    state_ = {};
    for (std::size_t i = 0; i < agents_.all().size(); ++i) agents_.cut(i);
    if (world_.options.sabotage == Sabotage::lose_commit && !log_.empty()) log_.pop_back();
}

void Coordinator::restart() {
    is_up_ = true;
    for (const std::string& bytes : log_) {
        proto::EventBatch batch;
        world_.require(batch.ParseFromString(bytes), "a journaled batch can be read");
        const auto events = codec::from_proto(batch);
        world_.require(events.has_value(), "a journaled batch has known events");
        for (const core::Event& event : *events) core::apply(state_, event);
    }
    world_.require(state_ == durable_, "a replay of the journal gives the state that was durable");
    const auto snapshot = codec::from_proto(codec::to_proto(state_));
    world_.require(snapshot.has_value() && *snapshot == state_, "a snapshot gives the state again");
    if (world_.options.sabotage == Sabotage::forget_drains) {
        for (auto& [id, agent] : state_.agents) agent.draining = false;
    }
    checks_.on_restart(state_);
    for (const auto& [id, agent] : state_.agents) {
        if (agent.live)
            leases_[id] = {.epoch = agent.epoch, .heard_at = world_.tick, .link = 0, .session = 0};
    }
}

}  // namespace bw::sim
