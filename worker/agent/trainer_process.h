// One trainer's process: its descriptor for messages, its output, its end. Knows nothing of jobs.
// Loop thread only; lives in a shared_ptr, because reads in flight refer to it.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <sys/types.h>

#include "base/result.h"
#include "wire/trainer/messages.h"
#include "worker/agent/log_file.h"

namespace bw::agent {

/// How a process ended.
struct TrainerExit {
    pid_t pid = 0;   // that it had
    int signal = 0;  // 0: it exited by itself, with `status`
    int status = 0;
    std::string last_line;  // of its output
    std::string breach;     // of the protocol, for which it was killed; else empty
    [[nodiscard]] std::string describe() const;  // `killed by SIGSEGV; last line: "..."`
};

struct TrainerProcessOptions {
    std::filesystem::path program;
    std::vector<std::string> arguments;
    int threads = 1;
    std::vector<std::string> environment;  // "NAME=value", besides the agent's own
    std::filesystem::path log_file;        // until log_to() names another
    std::filesystem::path
        records_dir;  // where its identity is written down, for a later agent process
};

class TrainerProcess : public std::enable_shared_from_this<TrainerProcess> {
public:
    static constexpr std::size_t kOutgoingBytesMax = 1024 * 1024;

    struct Handlers {
        std::function<void(const trainer_wire::FromTrainer&)> on_message;
        /// The process is gone, and everything that it said before has been handed on. Last call.
        std::function<void(const TrainerExit&)> on_end;
    };

    /// Errors: io (the program cannot be started).
    static Result<std::shared_ptr<TrainerProcess>> start(
        boost::asio::io_context& io, const TrainerProcessOptions& options, Handlers handlers
    );
    ~TrainerProcess();  // kills it

    void send(const trainer_wire::ToTrainer& message);
    void kill();

    void log_to(const std::filesystem::path& path) { log_.move_to(path); }

    /// Call after SIGCHLD.
    void reap();

    [[nodiscard]] pid_t pid() const { return pid_; }

private:
    enum class Amount { some, all };

    TrainerProcess(
        boost::asio::io_context& io, const TrainerProcessOptions& options, Handlers handlers
    );
    Result<void> launch(const TrainerProcessOptions& options);
    void await_messages();
    void await_output();
    void await_room();
    bool read_messages(Amount amount);  // false: end of file
    bool read_output(Amount amount);
    void take_lines(std::string_view text);
    void take_line(std::string_view line);
    void break_off(std::string why);
    void flush();

    boost::asio::local::stream_protocol::socket messages_;
    boost::asio::posix::stream_descriptor output_;
    Handlers handlers_;
    LogFile log_;
    std::filesystem::path records_dir_, record_;
    pid_t pid_ = 0;
    std::string incoming_;  // the beginning of a line
    std::string outgoing_;
    bool waits_for_room_ = false;
    std::string breach_;
};

}  // namespace bw::agent
