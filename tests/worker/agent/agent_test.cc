// Agents as real processes with a trainer that behaves as told, against AgentServer and the core.
#include <algorithm>
#include <csignal>

#include "agent_fixture.h"

#include "base/process.h"

namespace bw::agent {
namespace {

class Ranks : public World {
protected:
    void SetUp() override {
        World::SetUp();
        open_coordinator();
    }
};

TEST_F(Ranks, FinishedOneReportsItsResult) {
    start_agent();
    wait_for_agent();
    start(1, "finish");
    EXPECT_EQ(wait_for_fact<core::AttemptRunning>().total_steps, 10);
    const auto epoch = wait_for_fact<core::EpochMeasured>();
    EXPECT_EQ(
        epoch.values,
        (std::map<std::string, double>{{"train_loss", 0.25}, {"train_accuracy", 0.75}})
    );
    const auto ended = wait_for_fact<core::RankEnded>();
    EXPECT_EQ(ended.outcome, core::RankOutcome::finished);
    EXPECT_EQ(ended.step, 10);
    ASSERT_TRUE(ended.result);
    EXPECT_EQ(ended.result->weights_sha256, "abc");
    EXPECT_EQ(ended.result->metrics.count("test_loss"), 0u) << "NaN is left out";
    EXPECT_EQ(progress_samples_, 1u);
}

TEST_F(Ranks, CrashNamesTheSignalAndTheLastLine) {
    start_agent();
    wait_for_agent();
    start(1, "crash");
    const auto ended = wait_for_fact<core::RankEnded>();
    EXPECT_EQ(ended.outcome, core::RankOutcome::died);
    EXPECT_EQ(
        ended.reason,
        "the trainer ended without a word: killed by SIGABRT; its last line: \"about to crash\""
    );
    EXPECT_EQ(read(attempt_dir(1) / "rank0.log"), "first line\nabout to crash\n");
}

TEST_F(Ranks, ExitWithoutAWordIsADeath) {
    start_agent();
    wait_for_agent();
    start(1, "exit");
    const auto ended = wait_for_fact<core::RankEnded>();
    EXPECT_EQ(ended.outcome, core::RankOutcome::died);
    EXPECT_EQ(ended.reason, "the trainer ended without a word: exited with status 3");
}

TEST_F(Ranks, FailedOneSaysWhetherAnotherAttemptCanHelp) {
    start_agent();
    wait_for_agent();
    start(1, "fail");
    const auto ended = wait_for_fact<core::RankEnded>();
    EXPECT_EQ(ended.outcome, core::RankOutcome::failed);
    EXPECT_EQ(ended.reason, "no data set here");
    EXPECT_FALSE(ended.retry);
}

TEST_F(Ranks, WhoBreaksTheProtocolIsKilledAndFails) {
    start_agent();
    wait_for_agent();
    start(1, "garbage");
    const auto garbage = wait_for_fact<core::RankEnded>();
    EXPECT_EQ(garbage.outcome, core::RankOutcome::failed);
    EXPECT_NE(garbage.reason.find("is no message"), std::string::npos) << garbage.reason;
    start(2, "endless line");
    const auto endless = wait_for_fact<core::RankEnded>();
    EXPECT_EQ(endless.outcome, core::RankOutcome::failed);
    EXPECT_NE(endless.reason.find("more than 64 KiB"), std::string::npos) << endless.reason;
}

TEST_F(Ranks, SlotGetsAFreshTrainerForEachRank) {
    start_agent();
    wait_for_agent();
    for (std::uint64_t job = 1; job <= 3; ++job) {
        start(job, "finish");
        const auto ended = wait_for_fact<core::RankEnded>();
        EXPECT_EQ(ended.job.value, job);
        EXPECT_EQ(ended.outcome, core::RankOutcome::finished);
    }
}

TEST_F(Ranks, TrainerKnowsItsThreadsDeviceAndData) {
    start_agent();
    wait_for_agent();
    start(1, "describe");
    wait_for_fact<core::RankEnded>();
    EXPECT_EQ(
        read(attempt_dir(1) / "rank0.log"),
        "threads 3, OMP_NUM_THREADS 3, device cpu, data /data/a:/data/b, session leader 1\n"
    );
}

TEST_F(Ranks, RepeatedStartIsIgnored) {
    start_agent();
    wait_for_agent();
    start(1, "finish");
    start(1, "finish");
    wait_for_fact<core::RankEnded>();
    start(1, "finish");
    start(2, "finish");
    EXPECT_EQ(wait_for_fact<core::RankEnded>().job.value, 2u);
}

TEST_F(Ranks, StartOnABusySlotSupersedesWhatTheCoordinatorHasForgotten) {
    start_agent();
    wait_for_agent();
    start(1, "survive");
    wait_for_fact<core::AttemptRunning>();
    start(2, "finish");
    const auto ended = wait_for_fact<core::RankEnded>();
    EXPECT_EQ(ended.job.value, 2u);
    EXPECT_EQ(ended.outcome, core::RankOutcome::finished);
}

TEST_F(Ranks, StartOnAMissingSlotFails) {
    start_agent();
    wait_for_agent();
    start(1, "finish", {5});
    EXPECT_EQ(wait_for_fact<core::RankEnded>().reason, "the agent has no slot 5");
}

TEST_F(Ranks, TrainerThatDoesNotComeUpFailsTheRank) {
    AgentSettings settings;
    settings.environment = {"FAKE_TRAINER_IS_BROKEN=1"};
    start_agent(settings);
    wait_for_agent();
    start(1, "finish");
    const auto ended = wait_for_fact<core::RankEnded>();
    EXPECT_EQ(ended.outcome, core::RankOutcome::failed);
    EXPECT_EQ(
        ended.reason,
        "the trainer did not come up: exited with status 3; its last line: \"cannot open libtorch\""
    );
}

TEST_F(Ranks, OneThatLingersAfterItsLastWordKeepsTheSlotUntilItIsKilled) {
    start_agent();
    wait_for_agent();
    start(1, "linger");
    wait_for_fact<core::EpochMeasured>();
    stop(1, core::StopKind::kill);
    const auto ended = wait_for_fact<core::RankEnded>();
    EXPECT_EQ(ended.outcome, core::RankOutcome::finished)
        << "the word counts, not how the process went";
}

TEST_F(Ranks, RendezvousReachesTheOtherRanks) {
    AgentSettings settings;
    settings.slots = 2;
    start_agent(settings);
    const Joined joined = wait_for_agent();
    start(1, "meet", {0, 1});
    const auto store = wait_for_fact<core::StoreOpened>();
    EXPECT_EQ(store.host, "127.0.0.1");
    for (int i = 0; i < 2; ++i) {  // the repetition after a reconnect is not handed on
        server_->carry_out(core::SendRendezvous{
            joined.agent, joined.epoch, {1}, 1, store.host, store.port});
    }
    std::vector<int> ranks;
    for (int i = 0; i < 2; ++i) {
        const auto ended = wait_for_fact<core::RankEnded>();
        EXPECT_EQ(ended.outcome, core::RankOutcome::finished);
        EXPECT_EQ(ended.result.has_value(), ended.rank == 0);
        ranks.push_back(ended.rank);
    }
    std::ranges::sort(ranks);
    EXPECT_EQ(ranks, (std::vector<int>{0, 1}));
    EXPECT_EQ(read(attempt_dir(1) / "rank1.log"), "meets 127.0.0.1:4711\n");
}

TEST_F(Ranks, AcceptedCheckpointIsConfirmedToTheTrainer) {
    start_agent();
    const Joined joined = wait_for_agent();
    start(1, "confirm");
    EXPECT_EQ(wait_for_fact<core::CheckpointAccepted>().checkpoint.path, "step-3");
    server_->carry_out(core::ConfirmCheckpoint{joined.agent, joined.epoch, {1}, 1, 3});
    wait_for_fact<core::RankEnded>();
    EXPECT_EQ(read(attempt_dir(1) / "rank0.log"), "step 3 is accepted\n");
}

// ---- stopping

TEST_F(Ranks, PreemptedOneCheckpointsAndStops) {
    start_agent();
    wait_for_agent();
    start(1, "stop");
    wait_for_fact<core::AttemptRunning>();
    stop(1, core::StopKind::preempt);
    EXPECT_EQ(wait_for_fact<core::CheckpointAccepted>().checkpoint.step, 7);
    const auto ended = wait_for_fact<core::RankEnded>();
    EXPECT_EQ(ended.outcome, core::RankOutcome::stopped);
    EXPECT_EQ(ended.step, 7);
}

TEST_F(Ranks, KilledOneEndsAtOnce) {
    start_agent();
    wait_for_agent();
    start(1, "survive");
    wait_for_fact<core::AttemptRunning>();
    stop(1, core::StopKind::kill);
    const auto ended = wait_for_fact<core::RankEnded>();
    EXPECT_EQ(ended.outcome, core::RankOutcome::died);
    EXPECT_EQ(ended.reason, "the trainer ended without a word: killed by SIGKILL");
}

TEST_F(Ranks, OneThatDoesNotStopIsKilledAfterTheGrace) {
    AgentSettings settings;
    settings.grace_ms = 50;
    start_agent(settings);
    wait_for_agent();
    start(1, "survive");
    wait_for_fact<core::AttemptRunning>();
    stop(1, core::StopKind::preempt);
    EXPECT_EQ(wait_for_fact<core::RankEnded>().outcome, core::RankOutcome::died);
}

// ---- the agent's own end

TEST_F(Ranks, SigtermStopsThemWithinTheGraceAndTheAgentLeaves) {
    const pid_t agent = start_agent();
    wait_for_agent();
    start(1, "stop");
    wait_for_fact<core::AttemptRunning>();
    ::kill(agent, SIGTERM);
    EXPECT_EQ(wait_for_fact<core::CheckpointAccepted>().checkpoint.step, 7);
    EXPECT_EQ(wait_for_fact<core::RankEnded>().outcome, core::RankOutcome::stopped);
    EXPECT_EQ(wait_for_input<core::AgentGone>().reason, "terminated");
    EXPECT_EQ(wait_for_exit(agent), 0);
    EXPECT_TRUE(trainers().empty());
}

TEST_F(Ranks, SecondSignalDoesNotWaitForTheGrace) {
    const pid_t agent = start_agent();
    wait_for_agent();
    start(1, "survive");
    wait_for_fact<core::AttemptRunning>();
    ::kill(agent, SIGINT);
    run_until([&] {  // two equal signals that are pending at once would be one
        ::kill(agent, SIGTERM);
        return std::ranges::any_of(inputs_, [](const core::Input& input) {
            return std::holds_alternative<core::AgentGone>(input);
        });
    });
    EXPECT_EQ(wait_for_exit(agent), 0);
}

TEST_F(Ranks, DismissedAgentLeavesWithStatusZero) {
    const pid_t agent = start_agent();
    wait_for_agent();
    bool gone = false;
    server_->dismiss("the sweep is over", seconds(30), [&] { gone = true; });
    run_until([&] { return gone; });
    EXPECT_EQ(wait_for_input<core::AgentGone>().reason, "the sweep is over");
    EXPECT_EQ(wait_for_exit(agent), 0);
}

}  // namespace
}  // namespace bw::agent
