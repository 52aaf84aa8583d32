#include "coordinator/net/sessions.h"

#include <algorithm>
#include <cstdio>
#include <utility>
#include <vector>

namespace bw::net {

namespace asio = boost::asio;

namespace {

std::chrono::nanoseconds chrono_of(Duration duration) {
    return std::chrono::nanoseconds(duration.ns);
}

void reject(Session& session, const std::string& reason) {
    proto::Frame frame;
    frame.mutable_rejected()->set_reason(reason);
    session.channel->send(frame);
    session.channel->close_when_written();
}

}  // namespace

Sessions::Sessions(
    asio::io_context& io,
    AgentServerOptions options,
    AgentServer::Post post,
    AgentServer::OnProgress on_progress
)
    : io_(io),
      options_(std::move(options)),
      post_(std::move(post)),
      on_progress_(std::move(on_progress)),
      acceptor_(io),
      lease_timer_(io),
      accept_pause_(io),
      dismiss_timer_(io) {}

void Sessions::expect_agents_of(const core::State& state) {
    for (const auto& [id, agent] : state.agents) {
        if (!agent.live) continue;
        Lease& lease = leases_[id];
        lease.name = agent.name;
        lease.epoch = agent.epoch;
        lease.heard_at = Clock::now();
    }
    arm_lease_timer();
}

void Sessions::shut_down() {
    closed_ = true;
    when_gone_ = nullptr;
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    lease_timer_.cancel();
    accept_pause_.cancel();
    dismiss_timer_.cancel();
    for (const auto& session : open_) session->channel->close();
    newest_.clear();
    leases_.clear();
}

// ---- one session

asio::awaitable<void> Sessions::serve(
    [[maybe_unused]] std::shared_ptr<Sessions> self, std::shared_ptr<Session> session
) {
    const auto channel = session->channel;
    Result<proto::Frame> first = fail(Errc::peer_gone, "no TLS session");
    if (co_await channel->open(kHelloTimeout)) first = co_await channel->read(kHelloTimeout);
    if (first && first->has_hello() && !closed_) on_hello(session, first->hello());
    while (first && first->has_hello()) {
        const bool is_welcome = static_cast<bool>(session->agent);
        const Duration timeout =
            is_welcome ? options_.lease : std::max(options_.lease, kHelloTimeout);
        const Result<proto::Frame> frame = co_await channel->read(timeout);
        if (!frame || closed_) break;
        on_frame(session, *frame);
    }
    channel->close();
    on_closed(session);
}

void Sessions::on_hello(const std::shared_ptr<Session>& session, const proto::Hello& hello) {
    const std::string refusal = refusal_of(hello, options_.token);
    if (!refusal.empty()) return reject(*session, refusal);
    proto::Frame answer;
    Lease* lease = find_lease(hello.agent_name());
    const bool is_current = lease != nullptr && lease->epoch == hello.epoch();
    if (dismissing_) {
        if (is_current) take_over(*lease, session);  // so that its farewell ends the lease
        answer.mutable_dismiss()->set_reason(dismiss_reason_);
        session->channel->send(answer);
        return;
    }
    if (!is_current && hello.held_size() > 0) {
        answer.mutable_welcome()->set_drop_held_ranks(true);
        session->channel->send(answer);
        session->channel->close_when_written();
        return;
    }
    replace_session_of(hello);
    session->name = hello.agent_name();
    newest_[session->name] = session;
    if (lease != nullptr) {
        lease->heard_at = Clock::now();
        lease->session.reset();  // orders wait until this hello is durable
    }
    ++hellos_in_flight_;
    post_(hello_of(hello), [weak = weak_from_this(), session](const core::State& state) {
        if (const auto self = weak.lock()) self->on_joined(session, state);
    });
}

void Sessions::replace_session_of(const proto::Hello& hello) {
    const auto found = newest_.find(hello.agent_name());
    if (found == newest_.end()) return;
    // With an epoch it is the same process, which noticed the broken connection first. Without one
    // it is another: two that live would replace each other for ever.
    if (hello.epoch() == 0) {
        reject(
            *found->second,
            "another agent named " + hello.agent_name() + " has joined in this one's place"
        );
    } else {
        found->second->channel->close();
    }
}

void Sessions::on_joined(const std::shared_ptr<Session>& session, const core::State& state) {
    --hellos_in_flight_;
    if (closed_) return;
    const core::AgentRecord* agent = core::find_agent(state, session->name);
    if (agent == nullptr || !agent->live) {
        reject(*session, "the coordinator did not take the agent in");
    } else {
        Lease& lease = leases_[agent->id];
        if (lease.epoch != agent->epoch) lease.posted = lease.durable = 0;
        lease.name = agent->name;
        lease.epoch = agent->epoch;
        lease.heard_at = Clock::now();
        const auto newest = newest_.find(session->name);
        const bool is_newest = newest != newest_.end() && newest->second == session;
        if (is_newest && session->channel->is_open()) {
            take_over(lease, session);
            welcome(*session, *agent);
            beat(session);
        }
        arm_lease_timer();
    }
    deliver_waiting(state);
}

void Sessions::take_over(Lease& lease, const std::shared_ptr<Session>& session) {
    lease.session = session;
    for (const auto& [agent, known] : leases_) {
        if (&known == &lease) session->agent = agent;
    }
}

void Sessions::welcome(Session& session, const core::AgentRecord& agent) {
    proto::Frame frame;
    proto::Welcome* welcome = frame.mutable_welcome();
    welcome->set_agent(agent.id.value);
    welcome->set_epoch(agent.epoch);
    welcome->set_lease_ms(options_.lease.ns / 1'000'000);
    welcome->set_state_dir(options_.state_dir.string());
    welcome->set_state_nonce(nonce_);
    session.channel->send(frame);
    if (!dismissing_) return;  // since its hello
    frame.mutable_dismiss()->set_reason(dismiss_reason_);
    session.channel->send(frame);
}

void Sessions::beat(std::weak_ptr<Session> weak) {
    const auto session = weak.lock();
    if (session == nullptr || !session->channel->is_open()) return;
    const auto timer =
        std::make_shared<asio::steady_timer>(io_, chrono_of({options_.lease.ns / 3}));
    timer->async_wait([self = weak_from_this(), weak, timer](const boost::system::error_code&) {
        const auto sessions = self.lock();
        const auto its = weak.lock();
        if (sessions == nullptr || its == nullptr) return;
        proto::Frame frame;
        frame.mutable_heartbeat();
        its->channel->send(frame);
        sessions->beat(weak);
    });
}

void Sessions::on_frame(const std::shared_ptr<Session>& session, const proto::Frame& frame) {
    if (frame.has_farewell()) {
        const AgentId agent = lease_of(*session) != nullptr ? session->agent : AgentId{};
        if (agent) end_lease(agent, frame.farewell().reason());
        session->channel->close();
        return;
    }
    Lease* lease = lease_of(*session);
    if (lease == nullptr) return;
    lease->heard_at = Clock::now();
    if (frame.has_leaving()) {
        const core::DrainAgent drain{session->agent, lease->epoch, frame.leaving().reason()};
        post_(drain, [](const core::State&) {});
    }
    if (frame.has_fact()) on_fact(session, *lease, frame.fact());
    if (frame.has_progress() && on_progress_) on_progress_(frame.progress());
}

void Sessions::on_fact(
    const std::shared_ptr<Session>& session, Lease& lease, const proto::Fact& fact
) {
    const std::uint64_t sequence = fact.sequence();
    if (sequence <= lease.durable) return on_durable(session->agent, lease.epoch, lease.durable);
    if (sequence <= lease.posted)
        return;  // repeated over a new session; its acknowledgement is under way
    const auto report = report_of(fact, session->agent, lease.epoch);
    if (!report) return reject(*session, report.error().message);
    lease.posted = sequence;
    post_(
        *report,
        [weak = weak_from_this(),
         agent = session->agent,
         epoch = lease.epoch,
         sequence](const core::State&) {
            if (const auto self = weak.lock()) self->on_durable(agent, epoch, sequence);
        }
    );
}

void Sessions::on_durable(AgentId agent, std::uint64_t epoch, std::uint64_t sequence) {
    Lease* lease = find_lease(agent);
    if (lease == nullptr || lease->epoch != epoch) return;
    lease->durable = std::max(lease->durable, sequence);
    if (lease->session == nullptr) return;  // it repeats the fact after its next hello
    proto::Frame frame;
    frame.mutable_ack()->set_sequence(lease->durable);
    lease->session->channel->send(frame);
}

void Sessions::on_closed(const std::shared_ptr<Session>& session) {
    open_.erase(session);
    const auto newest = newest_.find(session->name);
    if (newest != newest_.end() && newest->second == session) newest_.erase(newest);
    if (Lease* lease = lease_of(*session)) lease->session.reset();  // the lease runs on
}

// ---- leases

Sessions::Lease* Sessions::find_lease(AgentId agent) {
    const auto found = leases_.find(agent);
    return found == leases_.end() ? nullptr : &found->second;
}

Sessions::Lease* Sessions::find_lease(const std::string& name) {
    for (auto& [agent, lease] : leases_) {
        if (lease.name == name) return &lease;
    }
    return nullptr;
}

Sessions::Lease* Sessions::lease_of(const Session& session) {
    Lease* lease = find_lease(session.agent);
    return lease != nullptr && lease->session.get() == &session ? lease : nullptr;
}

void Sessions::end_lease(AgentId agent, const std::string& reason) {
    const auto found = leases_.find(agent);
    if (found == leases_.end()) return;
    const Lease lease = std::move(found->second);
    leases_.erase(found);
    if (lease.session != nullptr) lease.session->channel->close();
    ++goodbyes_in_flight_;
    post_(
        core::AgentGone{agent, lease.epoch, reason},
        [weak = weak_from_this()](const core::State&) {
            const auto self = weak.lock();
            if (self == nullptr) return;
            --self->goodbyes_in_flight_;
            self->report_if_gone();
        }
    );
}

void Sessions::arm_lease_timer() {
    if (leases_.empty()) return;
    Clock::time_point earliest = Clock::time_point::max();
    for (const auto& [agent, lease] : leases_) earliest = std::min(earliest, lease.heard_at);
    lease_timer_.expires_at(earliest + chrono_of(options_.lease));
    lease_timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
        const auto self = weak.lock();
        if (!error && self != nullptr && !self->closed_) self->look_at_leases();
    });
}

void Sessions::look_at_leases() {
    const auto now = Clock::now();
    const auto lease_time = chrono_of(options_.lease);
    // This process was stopped, or its host asleep: what the agents said meanwhile still waits to
    // be read.
    const bool was_stalled = now - lease_timer_.expiry() > lease_time / 2;
    std::vector<AgentId> expired;
    for (auto& [agent, lease] : leases_) {
        if (was_stalled) lease.heard_at = now;
        if (lease.heard_at + lease_time <= now) expired.push_back(agent);
    }
    for (const AgentId agent : expired) {
        char reason[64];
        std::snprintf(reason, sizeof reason, "not heard of for %.1f s", options_.lease.seconds());
        end_lease(agent, reason);
    }
    arm_lease_timer();
}

// ---- orders

void Sessions::carry_out(const core::Effect& effect) {
    const auto order = order_of(effect, options_.attempt_dir);
    if (!order || deliver(*order)) return;
    // An agent's own hello leads to orders for it, which are carried out before the hello's answer.
    if (hellos_in_flight_ > 0 && waiting_.size() < kWaitingOrdersMax) waiting_.push_back(*order);
}

bool Sessions::deliver(const Order& order) {
    const Lease* lease = find_lease(order.agent);
    if (lease == nullptr || lease->epoch != order.epoch || lease->session == nullptr) return false;
    lease->session->channel->send(order.frame);
    return true;
}

void Sessions::deliver_waiting(const core::State& state) {
    std::erase_if(waiting_, [this, &state](const Order& order) {
        return is_overtaken(state, order) || deliver(order);
    });
    if (hellos_in_flight_ == 0) waiting_.clear();
}

// ---- the end

void Sessions::dismiss(std::string reason, Duration grace, std::function<void()> when_gone) {
    if (std::exchange(dismissing_, true)) return;
    dismiss_reason_ = std::move(reason);
    when_gone_ = std::move(when_gone);
    proto::Frame frame;
    frame.mutable_dismiss()->set_reason(dismiss_reason_);
    for (const auto& [agent, lease] : leases_) {
        if (lease.session != nullptr) lease.session->channel->send(frame);
    }
    dismiss_timer_.expires_after(chrono_of(grace));
    dismiss_timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
        const auto self = weak.lock();
        if (error || self == nullptr || !self->when_gone_) return;
        std::exchange(self->when_gone_, nullptr)();
    });
    report_if_gone();
}

void Sessions::report_if_gone() {
    if (!when_gone_ || !leases_.empty() || goodbyes_in_flight_ > 0) return;
    dismiss_timer_.cancel();
    std::exchange(when_gone_, nullptr)();
}

}  // namespace bw::net
