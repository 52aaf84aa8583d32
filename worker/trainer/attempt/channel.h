// The trainer's end of the descriptor that its agent gave it: whole lines both ways, without a
// thread. The training loop polls once a step. No torch.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "base/result.h"
#include "wire/trainer/messages.h"

namespace bw::trainer {

/// SIGTERM asks for the end of the attempt, like Stop{preempt}; SIGINT and SIGPIPE are ignored
/// (Ctrl-C reaches the whole process group, and what it means is the agent's decision). Call once,
/// first.
void install_signal_handlers();
bool termination_requested();

/// Owned by main; used by one thread. When the agent is gone, `closed` is true and sending does
/// nothing.
class AgentChannel {
public:
    explicit AgentChannel(int descriptor);
    AgentChannel(const AgentChannel&) = delete;
    AgentChannel& operator=(const AgentChannel&) = delete;
    ~AgentChannel();

    /// From the number in BATCHWRIGHT_FD. Errors: Errc::invalid_input.
    static Result<int> descriptor_from_environment();

    void send(const trainer_wire::FromTrainer& message);

    /// Drops the message when the agent does not keep up.
    void send_if_room(const trainer_wire::FromTrainer& message);

    /// The next message that has arrived already, if any. Malformed lines are reported on stderr
    /// and skipped.
    std::optional<trainer_wire::ToTrainer> poll();

    /// Waits for the next message; nothing when the agent is gone or termination was requested.
    std::optional<trainer_wire::ToTrainer> wait();

    /// Returns a message that came too early: the next poll() or wait() yields it again.
    void put_back(trainer_wire::ToTrainer message) { early_ = std::move(message); }

    [[nodiscard]] bool closed() const { return closed_; }

private:
    std::optional<trainer_wire::ToTrainer> next_buffered();
    bool fill(int timeout_ms);

    int descriptor_;
    bool closed_ = false;
    std::string buffer_;
    std::optional<trainer_wire::ToTrainer> early_;
};

}  // namespace bw::trainer
