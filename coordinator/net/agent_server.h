// Sessions with agents: hello, lease, facts in, orders out. Runs on the coordinator's one loop
// thread; knows nothing of policy. Frames: wire/frames.proto.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

#include "base/result.h"
#include "base/time.h"
#include "coordinator/core/effect.h"
#include "coordinator/core/input.h"
#include "coordinator/core/state.h"
#include "wire/security.h"

namespace bw::proto {
class Progress;
}

namespace bw::net {

struct AgentServerOptions {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;   // 0: any free one
    std::string token;        // every Hello must carry it
    wire::Security security;  // in clear only on loopback
    Duration lease = seconds(15);
    std::filesystem::path state_dir;
    /// Where the attempt's checkpoints, curves and logs lie (results/layout.h).
    std::function<std::filesystem::path(const core::StartRanks&)> attempt_dir;
};

class AgentServer {
public:
    /// Hands an input to the reactor; `when_durable` runs on the loop after the fsync, with the
    /// state then.
    using Post = std::function<
        void(core::Input input, std::function<void(const core::State&)> when_durable)>;
    using OnProgress = std::function<void(const proto::Progress&)>;

    /// Listens at once, and writes STATE/nonce, by which agents see that they share the state
    /// directory. `state` is read, here only, for the agents that were live before a restart: each
    /// gets one full lease period to come back. Errors: in_use, io, invalid_input (the address),
    /// refused (wire::may_listen).
    static Result<std::unique_ptr<AgentServer>> listen(
        boost::asio::io_context& io,
        AgentServerOptions options,
        const core::State& state,
        Post post,
        OnProgress on_progress
    );
    ~AgentServer();

    [[nodiscard]] std::uint16_t port() const;

    /// StartRanks, SendRendezvous, StopRanks, ConfirmCheckpoint: sent to the agent's session when
    /// it has one with that epoch, or as soon as the hello that is being made durable is answered;
    /// dropped otherwise, since the agent's next hello settles what it holds. Others are ignored.
    void carry_out(const core::Effect& effect);

    /// Tells every agent that the coordinator is done; `when_gone` runs once, when all have said
    /// farewell and that is durable, or after `grace`.
    void dismiss(std::string reason, Duration grace, std::function<void()> when_gone);

private:
    explicit AgentServer(std::shared_ptr<class Sessions> sessions);
    std::shared_ptr<class Sessions> sessions_;
};

}  // namespace bw::net
