// The launcher between an agent (this test) and a program (a few lines of sh, which speak over
// descriptor 3).
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process.h"
#include "sweeps/value.h"
#include "wire/trainer/messages.h"
#include "worker/program/line_socket.h"

namespace bw::program {
namespace {

namespace wire = trainer_wire;
namespace fs = std::filesystem;

using testing::HasSubstr;

constexpr int kWatchdogMs = 60'000;  // ends a hung test

class ProgramRank : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "bw-program-XXXXXX";
        folder_ = ::mkdtemp(pattern.data());
        start_.job = 7;
        start_.attempt = 2;
        start_.params_json = R"({"lr": 0.5, "name": "a b"})";
        start_.attempt_dir = folder_ / "job" / "2";
        start_.grace_ms = 20'000;
    }

    void TearDown() override {
        if (pid_ != 0) ::kill(-pid_, SIGKILL);
        if (pid_ != 0) ::waitpid(pid_, nullptr, 0);
        fs::remove_all(folder_);
    }

    void launch(std::vector<std::string> environment = {}) {
        int pair[2];
        ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
        const int output =
            ::open((folder_ / "output").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        ProcessOptions options;
        options.argv = {BW_PROGRAM_PROBE};
        options.environment = std::move(environment);
        options.environment.push_back("BATCHWRIGHT_FD=3");
        options.descriptors = {{pair[1], 3}, {output, STDOUT_FILENO}, {output, STDERR_FILENO}};
        const auto pid = start_process(options);
        ::close(pair[1]);
        ::close(output);
        ASSERT_TRUE(pid) << pid.error().message;
        pid_ = *pid;
        agent_ = std::make_unique<LineSocket>(pair[0]);
        wait_for<wire::Ready>();
    }

    void say(const wire::ToTrainer& message) { agent_->send(wire::encode(message)); }

    /// Runs the words, or lines of sh.
    void run(const std::vector<std::string>& words) {
        sweeps::List command;
        for (const std::string& word : words) command.push_back(sweeps::Value{word});
        start_.program_json = sweeps::to_json(sweeps::Value{sweeps::Map{
            {"program", sweeps::Value{std::string("train.py")}},
            {"command", sweeps::Value{std::move(command)}}}});
        say(start_);
    }

    void run_lines(const std::string& lines) { run({"/bin/sh", "-c", lines}); }

    /// The next message; nothing once the launcher is gone.
    std::optional<wire::FromTrainer> next() {
        for (;;) {
            if (const auto line = agent_->take_line()) {
                const auto message = wire::decode_from_trainer(*line);
                EXPECT_TRUE(message && *message) << *line;
                return **message;
            }
            if (agent_->is_closed()) return std::nullopt;
            pollfd entry{.fd = agent_->descriptor(), .events = POLLIN, .revents = 0};
            if (::poll(&entry, 1, kWatchdogMs) != 1) throw std::runtime_error("it says nothing");
            agent_->fill();
        }
    }

    /// The next of this kind; what comes before it is dropped.
    template <class Message>
    Message wait_for() {
        while (const auto message = next()) {
            if (const auto* wanted = std::get_if<Message>(&*message)) return *wanted;
        }
        throw std::runtime_error("it ended before it said so:\n" + output());
    }

    /// Its wait status. What it said before its end is kept for next().
    int wait_for_end() {
        int status = 0;
        ::waitpid(std::exchange(pid_, 0), &status, 0);
        return status;
    }

    [[nodiscard]] std::string read(const fs::path& path) const {
        std::ifstream file(path);
        return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    }

    [[nodiscard]] std::string output() const { return read(folder_ / "output"); }

    fs::path folder_;
    wire::Start start_;
    std::unique_ptr<LineSocket> agent_;
    pid_t pid_ = 0;
};

TEST_F(ProgramRank, GivesItsWordsAndVariables) {
    start_.plan.world_size = 1;
    start_.gpus = "GPU-1";
    start_.resume_from = "/somewhere/step-3.pt";
    launch({"BW_WORD=from outside", "BATCHWRIGHT_TOKEN=secret"});
    run(
        {"/usr/bin/env",
         "-S",
         "sh -c",
         R"(printf '%s\n' "$0" "$@"; env)",
         "${program}",
         "${envvar:BW_WORD}",
         "${args}",
         "${no_such}"}
    );
    wait_for<wire::Finished>();
    wait_for_end();
    const std::string text = output();
    EXPECT_THAT(text, HasSubstr("train.py\nfrom outside\n--lr=0.5\n--name=a b\n"));
    for (const char* variable :
         {"\nRANK=0\n",
          "\nWORLD_SIZE=1\n",
          "\nLOCAL_RANK=0\n",
          "\nLOCAL_WORLD_SIZE=1\n",
          "\nMASTER_ADDR=127.0.0.1\n",
          "\nBATCHWRIGHT_ATTEMPT=2\n",
          "\nCUDA_VISIBLE_DEVICES=GPU-1\n",
          "\nBATCHWRIGHT_CHECKPOINT=/somewhere/step-3.pt\n",
          "\nBATCHWRIGHT_POINT={\"lr\":0.5,\"name\":\"a b\"}\n"}) {
        EXPECT_THAT(text, HasSubstr(variable));
    }
    EXPECT_THAT(text, HasSubstr("BATCHWRIGHT_DIR=" + start_.attempt_dir + "\n"));
    EXPECT_EQ(text.find("secret"), text.npos) << "the coordinator's token is not the program's";
}

TEST_F(ProgramRank, PassesOnWhatAProgramReportsAndWritesItsCurve) {
    launch();
    run_lines(R"(
        say() { echo "$1" >&3; }
        say '{"type":"running","step":0,"total_steps":4}'
        say '{"type":"progress","step":1,"loss":0.5,"epoch":0}'
        say '{"type":"a_newer_type"}'
        say '{"type":"progress","step":3,"loss":"nan"}'
        say '{"type":"epoch_ended","step":3,"test_loss":0.25,"metrics":{"bleu":27.5}}'
        say '{"type":"progress","step":4,"loss":0.125}')");
    const auto running = wait_for<wire::Running>();
    EXPECT_EQ(running.total_steps, 4);
    EXPECT_EQ(wait_for<wire::Progress>().total_steps, 4) << "filled in";
    const auto epoch = wait_for<wire::EpochEnded>();
    EXPECT_EQ(epoch.epoch, 3) << "the step stands for an epoch that was not counted";
    EXPECT_EQ(epoch.metrics.at("bleu"), 27.5);
    const auto finished = wait_for<wire::Finished>();
    EXPECT_EQ(finished.step, 4);
    EXPECT_EQ(finished.train_loss, 0.125);
    EXPECT_EQ(finished.test_loss, 0.25);
    EXPECT_EQ(finished.metrics, (wire::Metrics{{"bleu", 27.5}}));
    EXPECT_EQ(wait_for_end(), 0);
    const std::string curve = read(fs::path(start_.attempt_dir) / "curve.csv");
    EXPECT_THAT(curve, HasSubstr("step,epoch,loss,samples,seconds\n1,0,0.5,0,"));
    EXPECT_THAT(curve, HasSubstr("\n3,0,nan,0,"));
    EXPECT_THAT(curve, HasSubstr("\n4,0,0.125,0,"));
}

TEST_F(ProgramRank, IsAskedToStopByALineWhenItReads) {
    launch();
    run_lines(R"(
        read start <&3
        echo '{"type":"progress","step":1}' >&3
        read stop <&3
        echo "heard $stop"
        echo '{"type":"stopped","step":5}' >&3)");
    wait_for<wire::Progress>();
    say(wire::Stop{wire::StopMode::preempt});
    EXPECT_EQ(wait_for<wire::Stopped>().step, 5);
    EXPECT_EQ(wait_for_end(), 0);
    EXPECT_THAT(output(), HasSubstr(R"("mode":"preempt")"));
}

TEST_F(ProgramRank, IsAskedToStopBySigtermWhenItDoesNotRead) {
    launch();
    run_lines(R"(echo '{"type":"progress","step":3}' >&3; exec sleep 1000)");
    wait_for<wire::Progress>();
    say(wire::Stop{wire::StopMode::preempt});
    EXPECT_EQ(wait_for<wire::Stopped>().step, 3);
    EXPECT_EQ(wait_for_end(), 0);
}

TEST_F(ProgramRank, OneThatEndsWellAfterItWasAskedToStopIsNotTakenForFinished) {
    launch();
    run_lines(R"(trap 'exit 0' TERM; echo '{"type":"progress","step":3}' >&3
                 while :; do sleep 0.01; done)");
    wait_for<wire::Progress>();
    say(wire::Stop{wire::StopMode::preempt});
    EXPECT_EQ(wait_for<wire::Stopped>().step, 3);
}

TEST_F(ProgramRank, SigtermComesAtHalfTheGraceToOneThatReadsAndDoesNotHeed) {
    start_.grace_ms = 200;
    launch();
    run_lines(R"(read start <&3; echo '{"type":"progress","step":3}' >&3; exec sleep 1000)");
    wait_for<wire::Progress>();
    say(wire::Stop{wire::StopMode::cancel});
    EXPECT_EQ(wait_for<wire::Stopped>().step, 3);
}

TEST_F(ProgramRank, EndsLikeAProgramThatSaidNothing) {
    launch();
    run_lines("exit 3");
    const int status = wait_for_end();
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 3);
    EXPECT_FALSE(next()) << "its status says it";
}

TEST_F(ProgramRank, DiesLikeAProgramThatWasKilled) {
    launch();
    run_lines("kill -KILL $$");
    const int status = wait_for_end();
    ASSERT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(WTERMSIG(status), SIGKILL);
}

TEST_F(ProgramRank, AFailureThatItTellsIsPassedOn) {
    launch();
    run_lines(R"(echo '{"type":"failed","message":"no such data","retry":false}' >&3; exit 1)");
    const auto failed = wait_for<wire::Failed>();
    EXPECT_EQ(failed.message, "no such data");
    EXPECT_FALSE(failed.retry);
}

TEST_F(ProgramRank, WhatIsNoMessageFailsTheJobForGood) {
    launch();
    run_lines("echo 'step 1 done' >&3; exec sleep 1000");
    const auto failed = wait_for<wire::Failed>();
    EXPECT_THAT(failed.message, HasSubstr("no JSON object"));
    EXPECT_FALSE(failed.retry);
}

TEST_F(ProgramRank, AProgramThatIsNotThereIsNamed) {
    launch();
    run({"no-such-program"});
    const auto failed = wait_for<wire::Failed>();
    EXPECT_THAT(failed.message, HasSubstr("\"no-such-program\""));
    EXPECT_FALSE(failed.retry);
}

TEST_F(ProgramRank, AcceptedCheckpointsReplaceOlderOnes) {
    launch();
    run_lines(R"(
        read start <&3
        for step in 1 2; do
            echo data > "$BATCHWRIGHT_DIR/step-$step"
            echo '{"type":"checkpoint_durable","step":'$step',"path":"step-'$step'"}' >&3
        done
        read accepted <&3
        echo "$accepted")");
    EXPECT_EQ(wait_for<wire::CheckpointDurable>().path, start_.attempt_dir + "/step-1");
    wait_for<wire::CheckpointDurable>();
    say(wire::CheckpointAccepted{2});
    wait_for<wire::Finished>();
    EXPECT_FALSE(fs::exists(start_.attempt_dir + "/step-1"));
    EXPECT_TRUE(fs::exists(start_.attempt_dir + "/step-2"));
    EXPECT_THAT(output(), HasSubstr(R"("type":"checkpoint_accepted")"));
}

TEST_F(ProgramRank, ACheckpointOutsideOfItsFolderIsRefused) {
    launch();
    run_lines(R"(echo '{"type":"checkpoint_durable","step":1,"path":"../1/x"}' >&3; exec sleep 99)"
    );
    const auto failed = wait_for<wire::Failed>();
    EXPECT_THAT(failed.message, HasSubstr("outside of the attempt's folder"));
    EXPECT_FALSE(failed.retry);
}

TEST_F(ProgramRank, GoesOnWithTheCurveOfTheAttemptThatWroteItsCheckpoint) {
    fs::create_directories(folder_ / "job" / "1");
    std::ofstream(folder_ / "job" / "1" / "curve.csv")
        << "step,epoch,loss,samples,seconds\n2,0,0.9,0,1.5\n4,0,0.8,0,2.5\n6,0,0.7,0,3.5\n";
    start_.resume_from = folder_ / "job" / "1" / "step-4";
    start_.resume_step = 4;
    launch();
    run_lines(R"(echo '{"type":"progress","step":6,"loss":0.75}' >&3)");
    EXPECT_EQ(wait_for<wire::Running>().step, 4) << "where it was resumed, since it does not say";
    wait_for<wire::Finished>();
    const std::string curve = read(fs::path(start_.attempt_dir) / "curve.csv");
    EXPECT_THAT(curve, HasSubstr("4,0,0.8,0,2.5\n6,0,0.75,0,2.5"));
}

TEST_F(ProgramRank, RankZeroOpensThePlaceWhereTheOthersMeet) {
    start_.plan.world_size = 2;
    launch();
    run_lines("echo at $MASTER_ADDR:$MASTER_PORT");
    const auto opened = wait_for<wire::StoreOpened>();
    wait_for<wire::Finished>();
    EXPECT_THAT(
        output(), HasSubstr("at " + opened.host + ":" + std::to_string(opened.port) + "\n")
    );
}

TEST_F(ProgramRank, AnotherRankWaitsUntilItIsToldWhere) {
    start_.plan.world_size = 2;
    start_.rank = 1;
    launch();
    run_lines("echo at $MASTER_ADDR:$MASTER_PORT");
    say(wire::Rendezvous{"10.0.0.1", 4711});
    wait_for<wire::Finished>();
    EXPECT_THAT(output(), HasSubstr("at 10.0.0.1:4711\n"));
}

TEST_F(ProgramRank, StoppedBeforeItBeganSaysSo) {
    start_.plan.world_size = 2;
    start_.rank = 1;
    start_.resume_step = 9;
    launch();
    run_lines("echo never");
    say(wire::Stop{wire::StopMode::preempt});
    EXPECT_EQ(wait_for<wire::Stopped>().step, 9);
}

TEST_F(ProgramRank, StopsItsProgramWhenItsAgentIsGone) {
    launch();
    run_lines(R"(trap 'echo was told; exit 1' TERM; echo '{"type":"progress","step":3}' >&3
                 while :; do sleep 0.01; done)");
    wait_for<wire::Progress>();
    agent_.reset();
    wait_for_end();
    EXPECT_THAT(output(), HasSubstr("was told"));
}

}  // namespace
}  // namespace bw::program
