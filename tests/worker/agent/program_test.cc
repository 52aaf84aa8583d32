// Ranks of external programs beside those of the built-in trainer, on the same slots.
#include <csignal>

#include <gmock/gmock.h>

#include "agent_fixture.h"

namespace bw::agent {
namespace {

using testing::HasSubstr;

class Programs : public World {
protected:
    void SetUp() override {
        World::SetUp();
        open_coordinator();
    }

    void start_program(std::uint64_t job, const std::string& lines, std::vector<int> ranks = {0}) {
        wait_for_agent_once();
        core::StartRanks start = order(job, "", std::move(ranks));
        start.program_json = R"({"program":null,"command":["/bin/sh","-c",")" + lines + R"("]})";
        wait_for_welcomes();
        server_->carry_out(start);
    }

    void wait_for_agent_once() {
        if (!std::exchange(has_joined_, true)) wait_for_agent();
    }

private:
    bool has_joined_ = false;
};

TEST_F(Programs, TakeTurnsWithTheTrainerOnOneSlot) {
    start_agent();
    wait_for_agent_once();
    for (std::uint64_t job = 1; job <= 4; ++job) {
        if (job % 2 == 0) {
            start(job, "finish");
        } else {
            start_program(job, "echo job $BATCHWRIGHT_JOB");
        }
        const auto ended = wait_for_fact<core::RankEnded>();
        EXPECT_EQ(ended.job.value, job);
        EXPECT_EQ(ended.outcome, core::RankOutcome::finished) << ended.reason;
    }
    EXPECT_THAT(read(attempt_dir(3) / "rank0.log"), HasSubstr("job 3\n"));
}

TEST_F(Programs, OneThatFailsUsesUpARetryAndSaysWithWhat) {
    start_agent();
    start_program(1, "echo no such mode; exit 3");
    const auto ended = wait_for_fact<core::RankEnded>();
    EXPECT_EQ(ended.outcome, core::RankOutcome::failed);
    EXPECT_TRUE(ended.retry);
    EXPECT_EQ(ended.reason, "the program exited with status 3; its last line: \"no such mode\"");
}

TEST_F(Programs, OneThatIsKilledFromOutsideUsesUpNone) {
    start_agent();
    start_program(1, "kill -KILL $$");
    const auto ended = wait_for_fact<core::RankEnded>();
    EXPECT_EQ(ended.outcome, core::RankOutcome::died);
    EXPECT_EQ(ended.reason, "the program was killed by SIGKILL");
}

TEST_F(Programs, RanksKnowTheirPlaceOnTheHost) {
    AgentSettings settings;
    settings.slots = 2;
    start_agent(settings);
    start_program(1, "echo $RANK of $WORLD_SIZE, $LOCAL_RANK of $LOCAL_WORLD_SIZE", {0, 1});
    const auto opened = wait_for_fact<core::StoreOpened>();
    server_->carry_out(core::SendRendezvous{
        order(1, "").agent, order(1, "").epoch, {1}, 1, opened.host, opened.port});
    wait_for_fact<core::RankEnded>();
    wait_for_fact<core::RankEnded>();
    EXPECT_THAT(read(attempt_dir(1) / "rank1.log"), HasSubstr("1 of 2, 1 of 2\n"));
}

TEST_F(Programs, KillLeavesNothingOfWhatTheyStarted) {
    start_agent();
    const std::string child = (folder_ / "child").string();
    start_program(1, "sleep 1000 & echo $! > " + child + "; wait");
    run_until([&] { return read(child).ends_with("\n"); });
    const auto pid = static_cast<pid_t>(std::stoi(read(child)));
    stop(1, core::StopKind::kill);
    EXPECT_EQ(wait_for_fact<core::RankEnded>().outcome, core::RankOutcome::died);
    run_until([pid] { return ::kill(pid, 0) != 0; });
}

}  // namespace
}  // namespace bw::agent
