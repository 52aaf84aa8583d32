// Sessions with agents: hello, lease, facts in, orders out. Runs on the coordinator's one loop thread; knows nothing
// of policy. Frames: wire/frames.proto.
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

namespace bw::proto {
class Progress;
}

namespace bw::net {

struct AgentServerOptions {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;  // 0: any free one
    std::string token;       // every Hello must carry it
    Duration lease = seconds(15);
    std::filesystem::path state_dir;
};

class AgentServer {
public:
    /// Hands an input to the reactor; `when_durable` runs on the loop after the fsync, with the state then.
    using Post = std::function<void(core::Input input, std::function<void(const core::State&)> when_durable)>;
    using OnProgress = std::function<void(const proto::Progress&)>;

    /// Listens at once. `state` is read for the agents that were live before a restart: each gets one full lease
    /// period to come back. Errors: in_use, io.
    static Result<std::unique_ptr<AgentServer>> listen(
        boost::asio::io_context& io,
        AgentServerOptions options,
        const core::State& state,
        Post post,
        OnProgress on_progress
    );
    ~AgentServer();

    [[nodiscard]] std::uint16_t port() const;

    /// StartRanks, SendRendezvous, StopRanks, ConfirmCheckpoint: sent to the agent's session when it has one with
    /// that epoch; dropped otherwise, since the agent's next hello settles what it holds. Others are ignored.
    void carry_out(const core::Effect& effect);

    /// Tells every agent that the coordinator is done; `when_gone` runs when all have said farewell, or after `grace`.
    void dismiss(std::string reason, Duration grace, std::function<void()> when_gone);

private:
    struct Impl;
    explicit AgentServer(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace bw::net
