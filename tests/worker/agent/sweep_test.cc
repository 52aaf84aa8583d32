// Whole sweeps: the core decides, an agent runs, a trainer that trains nothing answers.
#include <algorithm>
#include <csignal>
#include <cstdio>

#include "agent_fixture.h"

#include "base/process.h"

namespace bw::agent {
namespace {

class Sweep : public World {
protected:
    void SetUp() override {
        World::SetUp();
        open_coordinator();
    }

    void submit(const std::string& options, const std::string& rates) {
        submit_input(core::SubmitSweep{
            "test.yaml",
            "method: grid\nmetric: {name: test_accuracy, goal: maximize}\nparameters:\n"
            "  model: {value: cnn}\n  dataset: {value: fashion_mnist}\n  num_epochs: {value: 1}\n"
            "  batch_size: {value: 64}\n  learning_rate: {values: " +
                rates + "}\nbatchwright: " + options + "\n",
            false});
        ASSERT_EQ(state_.sweeps.size(), 1u) << "the sweep's text has errors";
    }

    void wait_for_the_end() {
        run_until([this] { return !state_.sweeps.empty() && state_.sweeps.begin()->second.ended; });
        if (HasFatalFailure()) describe_jobs();
        EXPECT_EQ(core::broken_invariants(state_), std::vector<std::string>{});
    }

    void describe_jobs() const {
        for (const auto& [id, job] : state_.jobs) {
            std::fprintf(
                stderr, "job %d: %s", static_cast<int>(id.value), core::name_of(job.state)
            );
            for (const std::string& line : core::explain(state_, id, Instant{1}))
                std::fprintf(stderr, "; %s", line.c_str());
            for (const core::AttemptRecord& attempt : job.attempts) {
                for (const core::RankRecord& rank : attempt.ranks) {
                    const int outcome = rank.ended ? static_cast<int>(rank.outcome) : 0;
                    std::fprintf(
                        stderr, "; %u: %d %s", attempt.number, outcome, rank.reason.c_str()
                    );
                }
            }
            std::fprintf(stderr, "\n");
        }
    }

    const core::JobRecord& only_job() const { return state_.jobs.begin()->second; }
};

TEST_F(Sweep, EveryPointFinishes) {
    AgentSettings settings;
    settings.slots = 2;
    start_agent(settings);
    wait_for_agent();
    submit("{}", "[0.1, 0.2, 0.3, 0.4, 0.5]");
    wait_for_the_end();
    ASSERT_EQ(state_.jobs.size(), 5u);
    for (const auto& [id, job] : state_.jobs) {
        EXPECT_EQ(job.state, core::JobState::finished) << job.reason;
        ASSERT_TRUE(job.result);
        EXPECT_EQ(job.result->weights_sha256, "abc");
        EXPECT_EQ(job.epochs.size(), 1u);
    }
}

TEST_F(Sweep, GangOfTwoRanksMeetsAndFinishes) {
    AgentSettings settings;
    settings.slots = 2;
    settings.environment = {"FAKE_TRAINER_BEHAVES=meet"};
    start_agent(settings);
    wait_for_agent();
    submit("{world_size: 2}", "[0.1, 0.2]");
    wait_for_the_end();
    for (const auto& [id, job] : state_.jobs)
        EXPECT_EQ(job.state, core::JobState::finished) << job.reason;
}

TEST_F(Sweep, TrainerKilledFromOutsideCostsNoRetry) {
    AgentSettings settings;
    settings.environment = {
        "FAKE_TRAINER_BEHAVES=finish when told",
        "FAKE_TRAINER_FILE=" + (folder_ / "told").string()};
    start_agent(settings);
    wait_for_agent();
    submit("{retries: 0}", "[0.1]");
    wait_for_fact<core::AttemptRunning>();
    ::kill(trainers().front(), SIGKILL);
    EXPECT_EQ(wait_for_fact<core::RankEnded>().outcome, core::RankOutcome::died);
    touch("told");
    wait_for_the_end();
    EXPECT_EQ(only_job().state, core::JobState::finished) << only_job().reason;
    EXPECT_EQ(only_job().attempts.size(), 2u);
    EXPECT_EQ(only_job().retries_used, 0);
}

TEST_F(Sweep, AgentKilledWithItsTrainersRunsItAgain) {
    AgentSettings settings;
    settings.environment = {
        "FAKE_TRAINER_BEHAVES=finish when told",
        "FAKE_TRAINER_FILE=" + (folder_ / "told").string()};
    const pid_t agent = start_agent(settings);
    wait_for_agent();
    submit("{}", "[0.1]");
    wait_for_fact<core::AttemptRunning>();
    ::kill(agent, SIGKILL);
    wait_for_exit(agent);
    touch("told");
    start_agent(settings);
    wait_for_the_end();
    EXPECT_EQ(only_job().state, core::JobState::finished) << only_job().reason;
    EXPECT_EQ(only_job().attempts.size(), 2u);
}

// ---- an agent that leaves

TEST_F(Sweep, AgentThatIsToldToLeaveIsDrainedAndTheJobGoesOnWithTheNext) {
    AgentSettings settings;
    settings.slots = 2;
    settings.environment = {"FAKE_TRAINER_BEHAVES=stop"};
    const pid_t agent = start_agent(settings);
    wait_for_agent();
    submit("{retries: 0, world_size: 2}", "[0.1]");
    wait_for_fact<core::AttemptRunning>();
    ::kill(agent, SIGTERM);
    EXPECT_EQ(wait_for_input<core::DrainAgent>().reason, "it leaves: terminated");
    EXPECT_EQ(wait_for_fact<core::RankEnded>().outcome, core::RankOutcome::stopped);
    EXPECT_EQ(wait_for_input<core::AgentGone>().reason, "terminated");
    EXPECT_EQ(wait_for_exit(agent), 0);
    EXPECT_EQ(only_job().state, core::JobState::queued);
    EXPECT_EQ(only_job().reason, "agent host/0 is drained: it leaves: terminated");
    EXPECT_EQ(only_job().attempts.size(), 1u) << "nothing more is placed on an agent that leaves";
    EXPECT_EQ(only_job().checkpoint.value().step, 7);

    settings.environment = {"FAKE_TRAINER_BEHAVES=finish"};
    start_agent(settings);
    wait_for_the_end();
    EXPECT_EQ(only_job().state, core::JobState::finished) << only_job().reason;
    EXPECT_EQ(only_job().attempts.back().resume.value().step, 7);
    EXPECT_EQ(only_job().retries_used, 0);
}

TEST_F(Sweep, AgentThatLeavesDuringAnOutageStopsItsRanksItself) {
    AgentSettings settings;
    settings.environment = {"FAKE_TRAINER_BEHAVES=stop"};
    const pid_t agent = start_agent(settings);
    wait_for_agent();
    submit("{}", "[0.1]");
    wait_for_fact<core::AttemptRunning>();
    const std::vector<pid_t> its_trainers = trainers();
    close_coordinator();
    ::kill(agent, SIGTERM);
    EXPECT_EQ(wait_for_exit(agent), 0);
    for (const pid_t trainer : its_trainers) EXPECT_FALSE(start_time_of(trainer)) << trainer;
    EXPECT_EQ(trainers(), std::vector<pid_t>{}) << "each ended with its last word";
}

TEST_F(Sweep, CoordinatorThatIsAwayWhileARankEndsMissesNothing) {
    AgentSettings settings;
    settings.environment = {
        "FAKE_TRAINER_BEHAVES=finish when told",
        "FAKE_TRAINER_FILE=" + (folder_ / "told").string()};
    start_agent(settings);
    wait_for_agent();
    submit("{}", "[0.1]");
    wait_for_fact<core::AttemptRunning>();
    close_coordinator();
    touch("told");
    open_coordinator();
    wait_for_the_end();
    EXPECT_EQ(only_job().state, core::JobState::finished) << only_job().reason;
    EXPECT_EQ(only_job().attempts.size(), 1u);
}

}  // namespace
}  // namespace bw::agent
