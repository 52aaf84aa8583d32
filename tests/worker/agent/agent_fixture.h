// A coordinator in memory (AgentServer over the real core, no journal) and agents as real
// processes.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>
#include <sys/types.h>

#include "coordinator/core/core.h"
#include "coordinator/net/agent_server.h"

namespace bw::agent {

class World : public testing::Test {
protected:
    void SetUp() override;
    void TearDown() override;

    // ---- the coordinator
    void open_coordinator();

    void close_coordinator() { server_.reset(); }

    /// What the lease's end does to the state while no coordinator runs.
    void forget_agents();

    /// The agent's id and epoch, once it has joined.
    struct Joined {
        AgentId agent;
        std::uint64_t epoch = 0;
    };

    Joined wait_for_agent();

    /// Starts rank `rank` of a job whose trainer behaves like this; a job's ranks sit on the slots
    /// of their number.
    core::StartRanks order(
        std::uint64_t job, const std::string& behave, std::vector<int> ranks = {0}
    );
    void start(std::uint64_t job, const std::string& behave, std::vector<int> ranks = {0});
    void stop(std::uint64_t job, core::StopKind kind);

    /// A client's input, or time.
    void submit_input(const core::Input& input) { post(input, {}); }

    /// Waits for the next input of this kind that no earlier call has returned.
    template <class Input>
    Input wait_for_input() {
        return std::get<Input>(wait_for([](const core::Input& i) {
            return std::holds_alternative<Input>(i);
        }));
    }

    template <class Fact>
    Fact wait_for_fact() {
        const core::Input input = wait_for([](const core::Input& i) {
            const auto* report = std::get_if<core::AgentReport>(&i);
            return report != nullptr && std::holds_alternative<Fact>(report->fact);
        });
        return std::get<Fact>(std::get<core::AgentReport>(input).fact);
    }

    // ---- agents
    struct AgentSettings {
        int slots = 1;
        std::string device;  // as for --device, in place of a number of slots
        int grace_ms = 20'000;
        std::string token = "secret";
        std::string name = "host/0";
        std::vector<std::string> environment;
    };

    /// An order that overtakes the answer to a hello is checked against the state, which knows
    /// nothing of the jobs that these tests make up.
    void wait_for_welcomes();

    pid_t start_agent(const AgentSettings& settings);

    pid_t start_agent() { return start_agent(AgentSettings{}); }

    /// Its exit status, or 128 + signal.
    int wait_for_exit(pid_t agent);

    std::string agent_output() const { return read(folder_ / "agent.log"); }

    /// Pids of the trainers that the agent has on record.
    std::vector<pid_t> trainers() const;

    // ---- the rest
    void run_until(const std::function<bool()>& done);
    static std::string read(const std::filesystem::path& path);
    [[nodiscard]] std::filesystem::path attempt_dir(std::uint64_t job) const;
    void touch(const std::string& name) const;

    std::filesystem::path folder_;
    boost::asio::io_context io_;
    core::State state_;
    std::unique_ptr<net::AgentServer> server_;
    Duration lease_ = seconds(20);
    std::uint16_t port_ = 0;
    std::vector<core::Input> inputs_;
    std::size_t progress_samples_ = 0;
    std::function<void(const core::Effect&)> on_effect_;

private:
    void pass_time();
    void post(
        const core::Input& input, const std::function<void(const core::State&)>& when_durable
    );
    core::Input wait_for(const std::function<bool(const core::Input&)>& wanted);

    int hellos_in_flight_ = 0;
    Instant now_{1};  // jumps to what the core waits for
    std::vector<bool> claimed_;
    std::vector<pid_t> agents_;
};

}  // namespace bw::agent
