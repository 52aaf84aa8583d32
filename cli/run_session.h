// `batchwright run`: the supervisor of DESIGN 6 and a client of the API in one. Rank 0 starts the
// coordinator (on several hosts, at the address by which the others reach it), submits the sweep,
// tells the other ranks where it is, starts its agent, and follows the sweep to its end. The others
// start their agents and wait to be dismissed. The process holds no state: killed and started
// again, it goes on.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <nlohmann/json.hpp>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/handover.h"
#include "cli/live_view.h"
#include "cli/sweep_file.h"
#include "worker/launch/launch.h"
#include "worker/launch/supervisor.h"

namespace bw::cli {

class RunSession {
public:
    RunSession(const RunOptions& options, const SweepFile& file, const launch::Place& place);

    /// Returns the exit status.
    int run();

    /// Where the sweep's results lie, once run() has returned 0; empty on other ranks than the first.
    [[nodiscard]] const std::string& results_dir() const { return results_dir_; }

private:
    int run_leader();
    int run_follower();

    /// Where the coordinator listens: nothing on one host, which is loopback.
    Result<std::string> find_address();
    int give_up(int status);  // and tells the others
    std::optional<Result<nlohmann::json>> submit_and_wait(Client& client);

    // Until the coordinator listens: its endpoint, or the status with which it gave up.
    struct Started {
        coordinator::Endpoint endpoint;
        int failed_status = 0;
    };

    Started start_coordinator(const std::string& address);
    void on_coordinator_end(int status);
    void start_agent(const StartOrder& order);
    void on_agent_end(int status);

    boost::asio::awaitable<Result<nlohmann::json>> submit(Client& client);
    boost::asio::awaitable<void> lead(Client& client);
    boost::asio::awaitable<void> follow_to_the_end(Client& client, std::string path);
    boost::asio::awaitable<void> finish(Client& client, std::string sweep_path);
    boost::asio::awaitable<void> redraw();
    void on_signal();
    void end(int status);

    const RunOptions& options_;
    const SweepFile& file_;
    const launch::Place& place_;
    boost::asio::io_context io_{1};
    boost::asio::signal_set signals_{io_};
    launch::Supervisor supervisor_{io_};
    LiveView view_;
    Handover handover_;
    std::string results_dir_;
    nlohmann::json submitted_;  // the coordinator's answer to the submission
    int status_ = 0;
    bool interrupted_ = false;
    bool sweep_over_ = false;
    bool coordinator_ready_ = false;
};

}  // namespace bw::cli
