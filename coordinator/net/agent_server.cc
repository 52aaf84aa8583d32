#include "coordinator/net/agent_server.h"

#include <utility>

#include "coordinator/net/sessions.h"

namespace bw::net {

Result<std::unique_ptr<AgentServer>> AgentServer::listen(
    boost::asio::io_context& io,
    AgentServerOptions options,
    const core::State& state,
    Post post,
    OnProgress on_progress
) {
    auto sessions =
        std::make_shared<Sessions>(io, std::move(options), std::move(post), std::move(on_progress));
    if (const auto listening = sessions->listen(); !listening) return listening.error();
    sessions->expect_agents_of(state);
    return std::unique_ptr<AgentServer>(new AgentServer(std::move(sessions)));
}

AgentServer::AgentServer(std::shared_ptr<Sessions> sessions) : sessions_(std::move(sessions)) {}

AgentServer::~AgentServer() { sessions_->shut_down(); }

std::uint16_t AgentServer::port() const { return sessions_->port(); }

void AgentServer::carry_out(const core::Effect& effect) { sessions_->carry_out(effect); }

void AgentServer::dismiss(std::string reason, Duration grace, std::function<void()> when_gone) {
    sessions_->dismiss(std::move(reason), grace, std::move(when_gone));
}

}  // namespace bw::net
