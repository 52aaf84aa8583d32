// Supervises the child processes of `run`, `mpirun ... run` and `worker`: starts them, restarts
// them with back-off, ends them in order. Keeps no state. One thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <sys/types.h>

#include "base/result.h"
#include "base/time.h"

namespace bw::launch {

struct ChildOptions {
    std::string name;               // for messages: "coordinator", "agent"
    std::vector<std::string> argv;  // argv[0] is the program's path
    std::vector<int>
        inherited_once;   // open in the child under the same numbers, at its first start only
    bool restart = true;  // after a death or a non-zero exit that is not in `final_statuses`
    std::vector<int> final_statuses = {0};
    Duration backoff_first = milliseconds(200), backoff_max = seconds(10);
    Duration grace = seconds(40);  // between SIGTERM and SIGKILL
};

class Supervisor {
public:
    explicit Supervisor(boost::asio::io_context& io);
    ~Supervisor();  // kills what is left

    /// `on_final` runs when the child has ended and will not be restarted: its exit status, or 128
    /// + signal. Children get PR_SET_PDEATHSIG(SIGTERM), so none outlives the supervisor.
    void start(ChildOptions options, std::function<void(int status)> on_final);

    /// SIGTERM to all, SIGKILL after each one's grace; `when_gone` when the last has ended.
    /// Idempotent.
    void stop(std::function<void()> when_gone);

    /// SIGINT to all, for those that have been told to stop not to take their time.
    void hurry();

    [[nodiscard]] pid_t pid_of(const std::string& name) const;  // 0: not running

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace bw::launch
