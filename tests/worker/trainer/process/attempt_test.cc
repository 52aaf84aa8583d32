// One attempt from Start to its end, with real processes: what is reported, and how it fails.
#include <cmath>
#include <csignal>
#include <cstdio>

#include <gtest/gtest.h>

#include "tests/worker/trainer/data/idx_fixture.h"
#include "tests/worker/trainer/process/gang_fixture.h"

namespace bw::trainer::test {
namespace {

namespace wire = trainer_wire;

class Attempt : public testing::Test {
protected:
    Attempt() { write_fashion_mnist(folder_.path(), {.train = 100, .test = 30, .side = 12}); }

    GangOptions job(int world_size = 1) {
        GangOptions options;
        options.params = {
            {"model", "cnn"}, {"num_epochs", 2}, {"learning_rate", 0.01}, {"batch_size", 20}};
        options.global_batch = 20;
        options.group = 5;
        options.world_size = world_size;
        options.attempt_dir = folder_.path() / "attempt";
        options.data_path = folder_.path().string();
        return options;
    }

    /// The failure of a one-rank attempt.
    static wire::Failed failure_of(const GangOptions& options) {
        const auto ends = Gang(options).run();
        EXPECT_EQ(ends[0].exit_status, 1);
        const auto* failed = ends[0].find<wire::Failed>();
        return failed != nullptr ? *failed : wire::Failed{};
    }

    TemporaryFolder folder_;
};

TEST_F(Attempt, ReportsItsEpochsAndItsResult) {
    auto options = job(2);
    options.params["eval_interval"] = 2;
    options.params["num_epochs"] = 3;
    std::vector<wire::EpochEnded> epochs;
    const auto ends = Gang(options).run([&](Gang&, const wire::FromTrainer& message) {
        if (const auto* ended = std::get_if<wire::EpochEnded>(&message)) epochs.push_back(*ended);
    });
    ASSERT_EQ(epochs.size(), 3u);
    EXPECT_EQ(epochs[1].step, 10);
    EXPECT_TRUE(std::isnan(epochs[0].test_loss));
    EXPECT_TRUE(std::isfinite(epochs[1].test_loss));
    EXPECT_TRUE(std::isfinite(epochs[2].test_loss)) << "the last epoch is always evaluated";
    EXPECT_LT(epochs[2].train_loss, epochs[0].train_loss);
    const auto* finished = ends[0].find<wire::Finished>();
    ASSERT_NE(finished, nullptr);
    EXPECT_EQ(finished->step, 15);
    EXPECT_EQ(finished->test_accuracy, epochs[2].test_accuracy);
    EXPECT_EQ(finished->train_loss, epochs[2].train_loss);
    EXPECT_EQ(finished->micro_batch, 10);
    EXPECT_EQ(finished->accumulation, 1);
    EXPECT_EQ(ends[1].find<wire::EpochEnded>(), nullptr);
    EXPECT_EQ(ends[1].find<wire::Finished>()->weights_sha256, finished->weights_sha256);
    const auto losses = curve_losses(options.attempt_dir);
    double mean = 0;
    for (int i = 10; i < 15; ++i) mean += losses[static_cast<std::size_t>(i)] / 5;
    EXPECT_NEAR(epochs[2].train_loss, mean, 1e-12);
}

double sum(const wire::PhaseSeconds& phases) {
    return phases.data + phases.forward + phases.backward + phases.all_reduce + phases.optimizer +
           phases.evaluation + phases.checkpoint + phases.other;
}

// Against two clocks of others: the seconds of the steps, and those of the whole loop as in the
// curve's last row.
TEST_F(Attempt, EachRankSaysWhereItsTimeWentAndItAddsUp) {
    auto options = job(2);
    options.params["num_epochs"] = 60;
    options.params["batch_size"] = 20;
    options.checkpoint_steps = 100;
    const auto ends = Gang(options).run();
    const double wall = last_curve_seconds(options.attempt_dir);
    for (const auto& end : ends) {
        const auto* last = end.find<wire::Progress>();
        const auto* finished = end.find<wire::Finished>();
        ASSERT_TRUE(last != nullptr && finished != nullptr);
        const double steps_took = 300.0 * 20 / finished->samples_per_second;  // of this rank
        EXPECT_EQ(last->steps, 300);
        EXPECT_EQ(last->samples, 300 * 20);
        EXPECT_EQ(last->learning_rate, 0.01);
        EXPECT_GT(last->accuracy, 0);
        EXPECT_EQ(last->micro_batch, 10);
        EXPECT_GT(last->peak_bytes, 0);
        const auto& phases = last->phases;
        for (const double part :
             {phases.data, phases.forward, phases.backward, phases.all_reduce, phases.optimizer}) {
            EXPECT_GT(part, 0);
        }
        EXPECT_NEAR(sum(phases) / wall, 1, 0.05);
        const double of_steps = sum(phases) - phases.evaluation - phases.checkpoint;
        EXPECT_NEAR(of_steps / steps_took, 1, 0.05);
        std::printf(
            "all phases / wall of the loop %.4f, phases of steps / wall of steps %.4f\n",
            sum(phases) / wall,
            of_steps / steps_took
        );
    }
    EXPECT_GT(ends[0].find<wire::Progress>()->phases.checkpoint, 0);
    EXPECT_EQ(ends[1].find<wire::Progress>()->phases.checkpoint, 0) << "only rank 0 writes";
    EXPECT_GT(ends[0].find<wire::CheckpointDurable>()->seconds, 0);
}

TEST_F(Attempt, TheLastBatchOfAnEpochCanBeKept) {
    auto options = job(2);
    options.params["drop_last"] = false;
    options.params["limit_train_samples"] = 93;
    const auto ends = Gang(options).run();
    const auto* finished = ends[0].find<wire::Finished>();
    ASSERT_NE(finished, nullptr);
    EXPECT_EQ(finished->step, 10);
    EXPECT_EQ(finished->samples_per_step_min, 13);
    EXPECT_EQ(finished->samples_per_step_max, 20);
}

// A full batch of 40 in groups of at most 32 is 20 and 20, a last one of 32 must not be a single
// group of 32.
TEST_F(Attempt, AKeptLastBatchHasNoLargerGroupsThanAFullOne) {
    auto options = job(2);
    options.params["drop_last"] = false;
    options.params["limit_train_samples"] = 72;
    options.params["batch_size"] = 40;
    options.global_batch = 40;
    options.group = 32;
    const auto ends = Gang(options).run();
    const auto* finished = ends[0].find<wire::Finished>();
    ASSERT_NE(finished, nullptr);
    EXPECT_EQ(finished->samples_per_step_min, 32);
    EXPECT_EQ(finished->micro_batch, 20);
}

TEST_F(Attempt, OtherBatchNormPoliciesTrainToo) {
    for (const char* bn : {"micro_batch", "frozen"}) {
        auto options = job(2);
        options.bn = bn;
        options.group = 0;
        options.micro_batch = 5;
        options.attempt_dir = folder_.path() / bn;
        const auto ends = Gang(options).run();
        ASSERT_NE(ends[0].find<wire::Finished>(), nullptr) << bn;
        EXPECT_EQ(
            ends[0].find<wire::Finished>()->weights_sha256,
            ends[1].find<wire::Finished>()->weights_sha256
        ) << bn;
    }
}

TEST_F(Attempt, ANanLossEndsItWithTheRemedy) {
    auto options = job(2);
    options.params["optimizer"] = "sgd";
    options.params["learning_rate"] = 1e30;
    options.params["num_epochs"] = 5;
    const auto ends = Gang(options).run();
    for (const auto& end : ends) {
        const auto* failed = end.find<wire::Failed>();
        ASSERT_NE(failed, nullptr);
        EXPECT_EQ(failed->code, static_cast<int>(Errc::not_finite));
        EXPECT_FALSE(failed->retry);
        EXPECT_NE(
            failed->message.find("(learning_rate 1e+30): lower the learning rate"),
            std::string::npos
        ) << failed->message;
        EXPECT_EQ(end.exit_status, 1);
    }
}

TEST_F(Attempt, MissingDataNamesTheRemedy) {
    auto options = job();
    options.data_path = (folder_.path() / "nowhere").string();
    const auto failed = failure_of(options);
    EXPECT_EQ(failed.code, static_cast<int>(Errc::not_found));
    EXPECT_FALSE(failed.retry);
    EXPECT_NE(failed.message.find("apt-get install dataset-fashion-mnist"), std::string::npos)
        << failed.message;
}

TEST_F(Attempt, WrongInputEndsWithAMessageNotACrash) {
    auto unknown = job();
    unknown.params["model"] = "cnm";
    EXPECT_NE(failure_of(unknown).message.find("cnm"), std::string::npos);
    auto small = job();
    small.params["limit_train_samples"] = 7;
    EXPECT_NE(failure_of(small).message.find("fewer than batch_size 20"), std::string::npos);
    auto wide = job();
    wide.micro_batch = 3;
    EXPECT_EQ(failure_of(wide).code, static_cast<int>(Errc::refused));
    auto device = job();
    device.attempt_dir = folder_.path() / "attempt";
    device.params["precision"] = "fp8";
    EXPECT_EQ(failure_of(device).code, static_cast<int>(Errc::invalid_input));
}

TEST_F(Attempt, ARankThatDiesReleasesTheOthers) {
    auto options = job(2);
    options.params["num_epochs"] = 100000;
    options.checkpoint_steps = 3;
    const auto ends = Gang(options).run([](Gang& gang, const wire::FromTrainer& message) {
        if (std::holds_alternative<wire::CheckpointDurable>(message)) gang.signal(1, SIGKILL);
    });
    const auto* failed = ends[0].find<wire::Failed>();
    ASSERT_NE(failed, nullptr);
    EXPECT_EQ(failed->code, static_cast<int>(Errc::peer_gone));
    EXPECT_TRUE(failed->retry);
    EXPECT_EQ(ends[0].exit_status, 1);
}

TEST_F(Attempt, AnUnusedTrainerOfTheWarmPoolEndsWithItsAgent) {
    Gang gang(job());
    gang.hang_up();
    EXPECT_EQ(gang.run()[0].exit_status, 0);
}

}  // namespace
}  // namespace bw::trainer::test
