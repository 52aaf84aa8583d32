// All sessions with agents, and their leases. A lease belongs to an agent's epoch and outlives a
// broken session; a session is one connection. Loop thread only. Lives in a shared_ptr: inputs that
// are being made durable come back to it, or to nobody.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "coordinator/net/agent_server.h"
#include "coordinator/net/orders.h"
#include "wire/channel.h"

namespace bw::net {

/// One connection. It speaks for an agent from its welcome on.
struct Session {
    explicit Session(std::shared_ptr<wire::Channel> its_channel)
        : channel(std::move(its_channel)) {}

    std::shared_ptr<wire::Channel> channel;
    std::string name;  // of the agent; empty before its hello
    AgentId agent;     // none before its welcome
};

class Sessions : public std::enable_shared_from_this<Sessions> {
public:
    static constexpr Duration kHelloTimeout = seconds(15);
    static constexpr std::size_t kSessionsMax = 4096;
    static constexpr std::size_t kWaitingOrdersMax = 100'000;

    Sessions(
        boost::asio::io_context& io,
        AgentServerOptions options,
        AgentServer::Post post,
        AgentServer::OnProgress on_progress
    );

    Result<void> listen();
    void expect_agents_of(const core::State& state);
    void shut_down();

    [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

    void carry_out(const core::Effect& effect);
    void dismiss(std::string reason, Duration grace, std::function<void()> when_gone);

private:
    using Clock = std::chrono::steady_clock;

    struct Lease {
        std::string name;
        std::uint64_t epoch = 0;
        Clock::time_point heard_at;
        std::shared_ptr<Session> session;       // none while the connection is broken
        std::uint64_t posted = 0, durable = 0;  // facts, by sequence
    };

    // Both begin later than they are called: `self` keeps this alive until then and throughout.
    boost::asio::awaitable<void> accept_loop(std::shared_ptr<Sessions> self);
    boost::asio::awaitable<void> serve(
        std::shared_ptr<Sessions> self, std::shared_ptr<Session> session
    );
    void on_hello(const std::shared_ptr<Session>& session, const proto::Hello& hello);
    void replace_session_of(const proto::Hello& hello);
    void on_joined(const std::shared_ptr<Session>& session, const core::State& state);
    void take_over(Lease& lease, const std::shared_ptr<Session>& session);
    void welcome(Session& session, const core::AgentRecord& agent);
    void on_frame(const std::shared_ptr<Session>& session, const proto::Frame& frame);
    void on_fact(const std::shared_ptr<Session>& session, Lease& lease, const proto::Fact& fact);
    void on_durable(AgentId agent, std::uint64_t epoch, std::uint64_t sequence);
    void on_closed(const std::shared_ptr<Session>& session);
    void beat(std::weak_ptr<Session> weak);

    Lease* find_lease(AgentId agent);
    Lease* find_lease(const std::string& name);
    Lease* lease_of(const Session& session);
    void end_lease(AgentId agent, const std::string& reason);
    void arm_lease_timer();
    void look_at_leases();
    bool deliver(const Order& order);
    void deliver_waiting(const core::State& state);
    void report_if_gone();

    boost::asio::io_context& io_;
    AgentServerOptions options_;
    AgentServer::Post post_;
    AgentServer::OnProgress on_progress_;
    std::string nonce_;
    boost::asio::ip::tcp::acceptor acceptor_;
    boost::asio::steady_timer lease_timer_, accept_pause_, dismiss_timer_;
    std::set<std::shared_ptr<Session>> open_;
    std::map<std::string, std::shared_ptr<Session>> newest_;  // by the agent's name
    std::map<AgentId, Lease> leases_;
    std::size_t hellos_in_flight_ = 0, goodbyes_in_flight_ = 0;
    std::deque<Order> waiting_;  // for the hellos in flight
    bool closed_ = false, dismissing_ = false;
    std::string dismiss_reason_;
    std::function<void()> when_gone_;
};

}  // namespace bw::net
