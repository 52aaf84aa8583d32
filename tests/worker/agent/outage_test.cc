// Coordinators and agents that go away and come back.
#include <algorithm>
#include <csignal>

#include "agent_fixture.h"

#include "base/process.h"

namespace bw::agent {
namespace {

class Outage : public World {
protected:
    /// Starts one rank and returns its trainer's pid.
    pid_t start_and_wait(const std::string& behave) {
        start(1, behave);
        wait_for_fact<core::AttemptRunning>();
        const std::vector<pid_t> pids = trainers();
        EXPECT_EQ(pids.size(), 1u);
        return pids.empty() ? 0 : pids.front();
    }

    static bool is_gone(pid_t pid) { return !start_time_of(pid).has_value(); }
};

TEST_F(Outage, RankThatEndsWithoutACoordinatorIsReportedToTheNext) {
    open_coordinator();
    start_agent();
    const Joined before = wait_for_agent();
    const pid_t trainer = start_and_wait("finish when told");
    close_coordinator();
    touch("told");
    run_until([&] { return is_gone(trainer); });
    open_coordinator();
    const auto hello = wait_for_input<core::AgentHello>();
    EXPECT_EQ(hello.epoch, before.epoch);
    ASSERT_EQ(hello.held.size(), 1u) << "ended, but not yet acknowledged";
    EXPECT_EQ(wait_for_fact<core::RankEnded>().outcome, core::RankOutcome::finished);
    const std::string said = agent_output();
    const std::size_t outage = said.find("no coordinator at");
    EXPECT_NE(outage, std::string::npos);
    EXPECT_EQ(said.find("no coordinator at", outage + 1), std::string::npos) << "said once";
}

TEST_F(Outage, TrainingGoesOnAcrossARestartOfTheCoordinator) {
    open_coordinator();
    start_agent();
    const Joined before = wait_for_agent();
    const pid_t trainer = start_and_wait("stop");
    close_coordinator();
    open_coordinator();
    const Joined after = wait_for_agent();
    EXPECT_EQ(after.epoch, before.epoch);
    EXPECT_FALSE(is_gone(trainer));
    run_until([&] {
        return std::ranges::count_if(inputs_, [](const core::Input& i) {
                   return std::holds_alternative<core::AgentHello>(i);
               }) == 2;
    });
    for (int turn = 0; turn < 3; ++turn) io_.run_one_for(std::chrono::milliseconds(5));
    stop(1, core::StopKind::preempt);
    EXPECT_EQ(wait_for_fact<core::RankEnded>().outcome, core::RankOutcome::stopped);
}

TEST_F(Outage, AgentThatReturnsAfterItsLeaseEndsItsTrainersFirst) {
    open_coordinator();
    start_agent();
    const Joined before = wait_for_agent();
    const pid_t trainer = start_and_wait("survive");
    close_coordinator();
    forget_agents();
    open_coordinator();
    const auto hello = wait_for_input<core::AgentHello>();
    EXPECT_TRUE(is_gone(trainer));
    EXPECT_TRUE(hello.held.empty());
    EXPECT_EQ(hello.epoch, 0u);
    run_until([&] { return state_.agents.begin()->second.epoch > before.epoch; });
    start(2, "finish");
    EXPECT_EQ(wait_for_fact<core::RankEnded>().job.value, 2u);
}

TEST_F(Outage, SilentAgentLosesItsLeaseAndComesBackWithANewEpoch) {
    lease_ = milliseconds(400);
    open_coordinator();
    const pid_t agent = start_agent();
    const Joined before = wait_for_agent();
    const pid_t trainer = start_and_wait("survive");
    ::kill(agent, SIGSTOP);
    const auto gone = wait_for_input<core::AgentGone>();
    EXPECT_EQ(gone.epoch, before.epoch);
    EXPECT_EQ(gone.reason, "not heard of for 0.4 s");
    ::kill(agent, SIGCONT);
    wait_for_input<core::AgentHello>();
    EXPECT_TRUE(is_gone(trainer));
}

TEST_F(Outage, AgentLiveBeforeARestartGetsOneWholeLease) {
    lease_ = milliseconds(300);
    open_coordinator();
    const pid_t agent = start_agent();
    const Joined before = wait_for_agent();
    close_coordinator();
    ::kill(agent, SIGKILL);
    wait_for_exit(agent);
    const auto opened_at = std::chrono::steady_clock::now();
    open_coordinator();
    EXPECT_EQ(wait_for_input<core::AgentGone>().epoch, before.epoch);
    EXPECT_GE(std::chrono::steady_clock::now() - opened_at, std::chrono::milliseconds(300));
}

TEST_F(Outage, RestartedAgentOffersItsSlotsOnlyWhenItsOldTrainersAreGone) {
    open_coordinator();
    AgentSettings settings;
    settings.grace_ms = 50;
    const pid_t first = start_agent(settings);
    wait_for_agent();
    const pid_t trainer = start_and_wait("survive");
    ::kill(first, SIGKILL);
    wait_for_exit(first);
    EXPECT_FALSE(is_gone(trainer)) << "it ignores the SIGTERM that its agent's death sends";
    start_agent(settings);
    const auto hello = wait_for_input<core::AgentHello>();
    EXPECT_EQ(hello.epoch, 0u);
    EXPECT_TRUE(is_gone(trainer));
}

TEST_F(Outage, TrainersDieWithTheirAgent) {
    open_coordinator();
    const pid_t agent = start_agent();
    wait_for_agent();
    const pid_t trainer = start_and_wait("stop");
    ::kill(agent, SIGKILL);
    run_until([&] { return is_gone(trainer); });
}

TEST_F(Outage, WrongTokenIsRefusedForGood) {
    open_coordinator();
    AgentSettings settings;
    settings.token = "guess";
    const pid_t agent = start_agent(settings);
    EXPECT_EQ(wait_for_exit(agent), 6);
    EXPECT_NE(agent_output().find("the agent's token is not the coordinator's"), std::string::npos);
}

TEST_F(Outage, AgentThatDoesNotSeeTheStateDirectorySaysSoAndLeaves) {
    open_coordinator();
    std::filesystem::remove(folder_ / "state" / "nonce");
    const pid_t agent = start_agent();
    const std::string reason =
        "this agent does not see the coordinator's state directory " + (folder_ / "state").string();
    EXPECT_TRUE(wait_for_input<core::AgentGone>().reason.starts_with(reason));
    EXPECT_EQ(wait_for_exit(agent), 6);
    EXPECT_NE(agent_output().find(reason), std::string::npos);
}

TEST_F(Outage, SecondAgentOfTheSameNameReplacesTheFirst) {
    open_coordinator();
    const pid_t first = start_agent();
    wait_for_agent();
    std::filesystem::rename(folder_ / "work", folder_ / "elsewhere");
    start_agent();
    wait_for_agent();
    EXPECT_EQ(wait_for_exit(first), 6);
    EXPECT_NE(agent_output().find("another agent named host/0 has joined"), std::string::npos);
}

}  // namespace
}  // namespace bw::agent
