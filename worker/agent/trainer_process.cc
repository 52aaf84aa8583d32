#include "worker/agent/trainer_process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process.h"
#include "base/text.h"
#include "worker/agent/trainer_record.h"

namespace bw::agent {

namespace asio = boost::asio;

namespace {

constexpr int kTrainerDescriptor = 3;

/// Closes what start_process has not taken over.
struct Descriptor {
    int fd = -1;
    Descriptor() = default;

    explicit Descriptor(int number) : fd(number) {}

    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;

    ~Descriptor() {
        if (fd >= 0) ::close(fd);
    }

    int release() { return std::exchange(fd, -1); }
};

Error no_descriptor() {
    return fail(Errc::io, std::string("cannot start a trainer: ") + std::strerror(errno));
}

std::vector<std::string> environment_of(const TrainerProcessOptions& options) {
    const std::string threads = std::to_string(options.threads);
    std::vector<std::string> environment{
        std::string(trainer_wire::kDescriptorVariable) + "=" + std::to_string(kTrainerDescriptor),
        "OMP_NUM_THREADS=" + threads,
        "MKL_NUM_THREADS=" + threads};
    std::ranges::copy(options.environment, std::back_inserter(environment));
    return environment;
}

}  // namespace

std::string TrainerExit::describe() const {
    std::string text = signal != 0 ? "killed by " + signal_name(signal)
                                   : "exited with status " + std::to_string(status);
    if (!breach.empty()) text = breach;
    if (!last_line.empty()) text += "; its last line: " + bw::quoted(last_line);
    return text;
}

TrainerProcess::TrainerProcess(
    asio::io_context& io, const TrainerProcessOptions& options, Handlers handlers
)
    : messages_(io),
      output_(io),
      handlers_(std::move(handlers)),
      log_(options.log_file),
      records_dir_(options.records_dir) {}

Result<std::shared_ptr<TrainerProcess>> TrainerProcess::start(
    asio::io_context& io, const TrainerProcessOptions& options, Handlers handlers
) {
    std::shared_ptr<TrainerProcess> process(new TrainerProcess(io, options, std::move(handlers)));
    const Result<void> launched = process->launch(options);
    if (!launched) return launched.error();
    process->await_messages();
    process->await_output();
    return process;
}

Result<void> TrainerProcess::launch(const TrainerProcessOptions& options) {
    int pair[2], pipe[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return no_descriptor();
    Descriptor own_messages(pair[0]), its_messages(pair[1]);
    if (::pipe2(pipe, O_CLOEXEC) != 0) return no_descriptor();
    Descriptor own_output(pipe[0]), its_output(pipe[1]);
    Descriptor nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (nothing.fd < 0) return no_descriptor();

    ProcessOptions child;
    child.argv = {options.program.string()};
    std::ranges::copy(options.arguments, std::back_inserter(child.argv));
    child.environment = environment_of(options);
    child.descriptors = {
        {nothing.fd, STDIN_FILENO},
        {its_output.fd, STDOUT_FILENO},
        {its_output.fd, STDERR_FILENO},
        {its_messages.fd, kTrainerDescriptor}};
    // When this agent is gone its trainers still write a checkpoint, and may not die of a message
    // about it.
    child.broken_pipe = ProcessOptions::BrokenPipe::is_ignored;
    child.before_exec = [this](pid_t pid) { record_ = write_trainer_record(records_dir_, pid); };
    const Result<pid_t> pid = start_process(child);
    if (!pid) return pid.error();
    pid_ = *pid;
    messages_.assign(asio::local::stream_protocol(), own_messages.release());
    messages_.non_blocking(true);
    output_.assign(own_output.release());
    output_.non_blocking(true);
    return boost::system::in_place_value;
}

TrainerProcess::~TrainerProcess() {
    if (pid_ == 0) return;
    kill();
    ::waitpid(pid_, nullptr, 0);
    remove_trainer_record(record_);
}

/// With all that it has started: it leads a session and a group of its own.
void TrainerProcess::kill() {
    if (pid_ == 0) return;
    ::kill(-pid_, SIGKILL);
    ::kill(pid_, SIGKILL);  // where it is still on its way to that
}

void TrainerProcess::reap() {
    siginfo_t ended{};
    constexpr int kLook = WEXITED | WNOHANG | WNOWAIT;
    if (pid_ == 0 || ::waitid(P_PID, static_cast<id_t>(pid_), &ended, kLook) != 0) return;
    if (ended.si_pid != pid_) return;
    ::kill(-pid_, SIGKILL);  // what it has left behind; while it is a zombie its number is its own
    int wait_status = 0;
    ::waitpid(pid_, &wait_status, 0);
    const auto self = shared_from_this();  // on_end may let go of this
    const pid_t pid = std::exchange(pid_, 0);
    read_messages(Amount::all);
    read_output(Amount::all);
    boost::system::error_code ignored;
    messages_.close(ignored);
    output_.close(ignored);
    remove_trainer_record(record_);
    TrainerExit exit;
    exit.pid = pid;
    exit.signal = WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : 0;
    exit.status = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 0;
    exit.last_line = log_.last_line();
    exit.breach = breach_;
    handlers_.on_end(exit);
}

void TrainerProcess::await_messages() {
    messages_.async_wait(
        asio::socket_base::wait_read,
        [weak = weak_from_this()](const boost::system::error_code& error) {
            const auto self = weak.lock();
            if (error || self == nullptr || self->pid_ == 0) return;
            if (self->read_messages(Amount::some) && self->pid_ != 0) self->await_messages();
        }
    );
}

void TrainerProcess::await_output() {
    output_.async_wait(
        asio::posix::stream_descriptor::wait_read,
        [weak = weak_from_this()](const boost::system::error_code& error) {
            const auto self = weak.lock();
            if (error || self == nullptr || self->pid_ == 0) return;
            if (self->read_output(Amount::some)) self->await_output();
        }
    );
}

bool TrainerProcess::read_messages(Amount amount) {
    std::array<char, 16 * 1024> buffer;
    for (;;) {
        const ssize_t got =
            ::recv(messages_.native_handle(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (got > 0) take_lines({buffer.data(), static_cast<std::size_t>(got)});
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
        if (amount == Amount::some) return true;
    }
}

bool TrainerProcess::read_output(Amount amount) {
    std::array<char, 16 * 1024> buffer;
    for (;;) {
        const ssize_t got = ::read(output_.native_handle(), buffer.data(), buffer.size());
        if (got > 0) log_.write({buffer.data(), static_cast<std::size_t>(got)});
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
        if (amount == Amount::some) return true;
    }
}

void TrainerProcess::take_lines(std::string_view text) {
    incoming_.append(text);
    std::size_t begin = 0;
    for (std::size_t end = incoming_.find('\n'); end != std::string::npos;
         end = incoming_.find('\n', begin)) {
        if (!breach_.empty()) break;
        take_line(std::string_view(incoming_).substr(begin, end - begin));
        begin = end + 1;
    }
    incoming_.erase(0, begin);
    if (incoming_.size() > trainer_wire::kLineBytesMax) {
        break_off("it sent a line of more than 64 KiB and was killed");
    }
}

void TrainerProcess::take_line(std::string_view line) {
    const auto message = trainer_wire::decode_from_trainer(line);
    if (!message) {
        break_off("it sent what is no message and was killed: " + message.error().message);
    } else if (message->has_value()) {
        handlers_.on_message(**message);
    }
}

void TrainerProcess::break_off(std::string why) {
    if (breach_.empty()) breach_ = std::move(why);
    incoming_.clear();
    kill();
}

void TrainerProcess::send(const trainer_wire::ToTrainer& message) {
    if (pid_ == 0) return;
    outgoing_ += trainer_wire::encode(message) + "\n";
    flush();
}

void TrainerProcess::flush() {
    const ssize_t sent = ::send(
        messages_.native_handle(), outgoing_.data(), outgoing_.size(), MSG_DONTWAIT | MSG_NOSIGNAL
    );
    if (sent > 0) outgoing_.erase(0, static_cast<std::size_t>(sent));
    // Any other error means that the process is ending: its end is reported by reap().
    if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) outgoing_.clear();
    if (outgoing_.size() > kOutgoingBytesMax)
        break_off("it read none of its messages and was killed");
    if (!outgoing_.empty() && !std::exchange(waits_for_room_, true)) await_room();
}

void TrainerProcess::await_room() {
    messages_.async_wait(
        asio::socket_base::wait_write,
        [weak = weak_from_this()](const boost::system::error_code& error) {
            const auto self = weak.lock();
            if (error || self == nullptr || self->pid_ == 0) return;
            self->waits_for_room_ = false;
            self->flush();
        }
    );
}

}  // namespace bw::agent
