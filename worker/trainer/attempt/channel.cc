#include "worker/trainer/attempt/channel.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "base/text.h"

namespace bw::trainer {
namespace {

volatile std::sig_atomic_t termination_signal = 0;

void on_termination(int) { termination_signal = 1; }

bool is_ready(int descriptor, short events, int timeout_ms) {
    pollfd entry{.fd = descriptor, .events = events, .revents = 0};
    return ::poll(&entry, 1, timeout_ms) > 0;
}

}  // namespace

void install_signal_handlers() {
    struct sigaction action {};

    action.sa_handler = on_termination;  // without SA_RESTART: a wait for the agent ends
    ::sigaction(SIGTERM, &action, nullptr);
    action.sa_handler = SIG_IGN;
    ::sigaction(SIGINT, &action, nullptr);
    ::sigaction(SIGPIPE, &action, nullptr);
}

bool termination_requested() { return termination_signal != 0; }

Result<int> AgentChannel::descriptor_from_environment() {
    const char* text = std::getenv(trainer_wire::kDescriptorVariable);
    char* end = nullptr;
    const long number = text == nullptr ? -1 : std::strtol(text, &end, 10);
    if (text == nullptr || end == text || *end != '\0' || number < 0 ||
        ::fcntl(static_cast<int>(number), F_GETFD) < 0) {
        return fail(
            Errc::invalid_input,
            std::string(trainer_wire::kDescriptorVariable) +
                " names no open descriptor: this program is started by an agent (batchwright run, "
                "batchwright worker)"
        );
    }
    return static_cast<int>(number);
}

AgentChannel::AgentChannel(int descriptor) : descriptor_(descriptor) {
    ::fcntl(descriptor_, F_SETFD, FD_CLOEXEC);
}

AgentChannel::~AgentChannel() { ::close(descriptor_); }

void AgentChannel::send(const trainer_wire::FromTrainer& message) {
    const std::string line = trainer_wire::encode(message) + "\n";
    std::size_t done = 0;
    while (done < line.size() && !closed_) {
        const ssize_t n = ::write(descriptor_, line.data() + done, line.size() - done);
        if (n >= 0) {
            done += static_cast<std::size_t>(n);
        } else if (errno == EAGAIN) {
            is_ready(descriptor_, POLLOUT, -1);
        } else if (errno != EINTR) {
            closed_ = true;
        }
    }
}

void AgentChannel::send_if_room(const trainer_wire::FromTrainer& message) {
    if (is_ready(descriptor_, POLLOUT, 0)) send(message);
}

bool AgentChannel::fill(int timeout_ms) {
    if (closed_ || !is_ready(descriptor_, POLLIN, timeout_ms)) return false;
    char bytes[4096];
    const ssize_t n = ::read(descriptor_, bytes, sizeof bytes);
    if (n > 0) buffer_.append(bytes, static_cast<std::size_t>(n));
    if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN)) closed_ = true;
    if (buffer_.size() > trainer_wire::kLineBytesMax && buffer_.find('\n') == std::string::npos) {
        std::fprintf(
            stderr, "the agent sent a line of more than %zu bytes\n", trainer_wire::kLineBytesMax
        );
        closed_ = true;
    }
    return n > 0;
}

std::optional<trainer_wire::ToTrainer> AgentChannel::next_buffered() {
    if (early_) return std::exchange(early_, std::nullopt);
    for (;;) {
        const auto end = buffer_.find('\n');
        if (end == std::string::npos) return std::nullopt;
        auto message = trainer_wire::decode_to_trainer(std::string_view(buffer_).substr(0, end));
        buffer_.erase(0, end + 1);
        if (!message) {
            std::fprintf(
                stderr, "a message of the agent is malformed: %s\n", message.error().message.c_str()
            );
        } else if (*message) {
            return *message;
        }
    }
}

std::optional<trainer_wire::ToTrainer> AgentChannel::poll() {
    while (fill(0)) {
    }
    return next_buffered();
}

std::optional<trainer_wire::ToTrainer> AgentChannel::wait() {
    for (;;) {
        if (auto message = next_buffered()) return message;
        if (closed_ || termination_requested()) return std::nullopt;
        // A second at most, because a signal may come between the check and the wait.
        fill(1000);
    }
}

}  // namespace bw::trainer
