// Ending and resuming, with real processes: on the same layout the resumed run is the undisturbed
// one bit for bit.
#include <csignal>

#include <gtest/gtest.h>

#include "tests/worker/trainer/data/idx_fixture.h"
#include "tests/worker/trainer/process/gang_fixture.h"

namespace bw::trainer::test {
namespace {

namespace fs = std::filesystem;
namespace wire = trainer_wire;

class Resume : public testing::Test {
protected:
    Resume() { write_fashion_mnist(folder_.path(), {.train = 150, .test = 50, .side = 12}); }

    /// 3 epochs of 6 steps.
    GangOptions job(const std::string& attempt, int world_size = 1) {
        GangOptions options;
        options.params = {
            {"model", "cnn"},
            {"num_epochs", 3},
            {"learning_rate", 0.01},
            {"batch_size", 24},
            {"optimizer", "adam"},
            {"augment", "crop_flip"},
            {"seed", 5}};
        options.global_batch = 24;
        options.group = 6;
        options.micro_batch = 12;
        options.world_size = world_size;
        options.checkpoint_steps = 2;
        options.attempt_dir = folder_.path() / attempt;
        options.data_path = folder_.path().string();
        options.cache_dir = (folder_.path() / "cache").string();
        return options;
    }

    static wire::Finished finish(const GangOptions& options) {
        const auto ends = Gang(options).run();
        for (const auto& end : ends) EXPECT_EQ(end.exit_status, 0);
        const auto* finished = ends[0].find<wire::Finished>();
        if (finished == nullptr) throw std::runtime_error("the gang did not finish");
        for (const auto& end : ends)
            EXPECT_EQ(end.find<wire::Finished>()->weights_sha256, finished->weights_sha256);
        return *finished;
    }

    /// Once a checkpoint of at least that step is durable.
    static Gang::Reaction at_checkpoint(std::int64_t step, std::function<void(Gang&)> action) {
        return [step, action = std::move(action)](Gang& gang, const wire::FromTrainer& message) {
            const auto* durable = std::get_if<wire::CheckpointDurable>(&message);
            if (durable != nullptr && durable->step == step) action(gang);
        };
    }

    static void expect_same(const wire::Finished& got, const wire::Finished& expected) {
        EXPECT_EQ(got.weights_sha256, expected.weights_sha256);
        EXPECT_EQ(got.train_loss, expected.train_loss);
        EXPECT_EQ(got.test_loss, expected.test_loss);
        EXPECT_EQ(got.test_accuracy, expected.test_accuracy);
        EXPECT_EQ(got.samples_per_step_min, 24);
        EXPECT_EQ(got.samples_per_step_max, 24);
    }

    TemporaryFolder folder_;
};

TEST_F(Resume, AfterAPreemptionAmidAnEpochIsBitExact) {
    for (const int world_size : {1, 2}) {
        const std::string prefix = std::to_string(world_size);
        const auto undisturbed = finish(job(prefix + "-whole", world_size));
        const auto ends =
            Gang(job(prefix + "-first", world_size)).run(at_checkpoint(8, [](Gang& gang) {
                gang.send_all(wire::Stop{.mode = wire::StopMode::preempt});
            }));
        const auto* durable = ends[0].find<wire::CheckpointDurable>();
        for (const auto& end : ends) {
            ASSERT_NE(end.find<wire::Stopped>(), nullptr);
            EXPECT_EQ(end.find<wire::Stopped>()->step, durable->step);
            EXPECT_EQ(end.exit_status, 0);
        }
        EXPECT_GE(durable->step, 9);
        auto second = job(prefix + "-second", world_size);
        second.resume_from = durable->path;
        expect_same(finish(second), undisturbed);
        EXPECT_EQ(
            curve_losses(second.attempt_dir), curve_losses(folder_.path() / (prefix + "-whole"))
        );
    }
}

TEST_F(Resume, AfterSigkillOfAllRanksIsBitExact) {
    const auto undisturbed = finish(job("whole", 2));
    const auto ends =
        Gang(job("first", 2)).run(at_checkpoint(10, [](Gang& gang) { gang.signal_all(SIGKILL); }));
    EXPECT_EQ(ends[0].exit_status, 128 + SIGKILL);
    const auto* durable = ends[0].find<wire::CheckpointDurable>();
    ASSERT_NE(durable, nullptr);
    auto second = job("second", 2);
    second.resume_from = durable->path;
    expect_same(finish(second), undisturbed);
    EXPECT_EQ(curve_losses(second.attempt_dir), curve_losses(folder_.path() / "whole"));
}

TEST_F(Resume, OnAnotherWorldSizeIsEqualWithinTolerance) {
    auto whole = job("whole", 1);
    whole.params["precision"] = "fp64";
    const auto undisturbed = finish(whole);
    auto first = job("first", 1);
    first.params["precision"] = "fp64";
    const auto ends =
        Gang(first).run(at_checkpoint(8, [](Gang& gang) { gang.signal_all(SIGTERM); }));
    auto second = job("second", 2);
    second.params["precision"] = "fp64";
    second.micro_batch = 6;
    second.resume_from = ends[0].find<wire::CheckpointDurable>()->path;
    const auto resumed = finish(second);
    EXPECT_NEAR(resumed.test_loss, undisturbed.test_loss, 1e-9);
    const auto expected = curve_losses(whole.attempt_dir);
    const auto got = curve_losses(second.attempt_dir);
    ASSERT_EQ(got.size(), expected.size());
    for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], 1e-9) << i;
}

TEST_F(Resume, FromTheLastStepReportsTheSameResultAgain) {
    const auto options = job("whole");
    const auto undisturbed = finish(options);
    auto second = job("second");
    second.resume_from = (options.attempt_dir / "step-18.safetensors").string();
    expect_same(finish(second), undisturbed);
}

TEST_F(Resume, WhenTheAgentIsGoneTheStepIsFinishedAndKept) {
    const auto options = job("first", 2);
    const auto ends = Gang(options).run(at_checkpoint(4, [](Gang& gang) { gang.hang_up(); }));
    for (const auto& end : ends) EXPECT_EQ(end.exit_status, 0);
    std::vector<int> steps;
    for (int step = 1; step <= 18; ++step) {
        if (fs::exists(options.attempt_dir / ("step-" + std::to_string(step) + ".safetensors")))
            steps.push_back(step);
    }
    ASSERT_GE(steps.size(), 3u);
    auto second = job("second", 2);
    second.resume_from =
        (options.attempt_dir / ("step-" + std::to_string(steps.back()) + ".safetensors")).string();
    expect_same(finish(second), finish(job("whole", 2)));
}

TEST_F(Resume, ACancelledRunWritesNoFurtherCheckpoint) {
    const auto ends = Gang(job("first", 2)).run(at_checkpoint(4, [](Gang& gang) {
        gang.send(1, wire::Stop{.mode = wire::StopMode::cancel});  // one rank's wish is everyone's
    }));
    for (const auto& end : ends) {
        ASSERT_NE(end.find<wire::Stopped>(), nullptr);
        EXPECT_EQ(end.exit_status, 0);
    }
    EXPECT_EQ(ends[0].find<wire::Stopped>()->step, ends[1].find<wire::Stopped>()->step);
    EXPECT_FALSE(fs::exists(folder_.path() / "first" / "step-18.safetensors"));
}

TEST_F(Resume, AnAcceptedCheckpointReplacesTheOlderOnes) {
    const auto options = job("first");
    const auto ends = Gang(options).run([](Gang& gang, const wire::FromTrainer& message) {
        if (const auto* durable = std::get_if<wire::CheckpointDurable>(&message)) {
            gang.send(0, wire::CheckpointAccepted{.step = durable->step});
        }
    });
    EXPECT_FALSE(fs::exists(options.attempt_dir / "step-2.safetensors"));
    EXPECT_TRUE(fs::exists(options.attempt_dir / "step-18.safetensors"));
}

TEST_F(Resume, ADamagedCheckpointIsRefused) {
    const auto options = job("first");
    finish(options);
    const auto file = options.attempt_dir / "step-8.safetensors";
    fs::resize_file(file, fs::file_size(file) - 1);
    auto second = job("second");
    second.resume_from = file.string();
    const auto ends = Gang(second).run();
    const auto* failed = ends[0].find<wire::Failed>();
    ASSERT_NE(failed, nullptr);
    EXPECT_EQ(failed->code, static_cast<int>(Errc::corrupt));
    EXPECT_NE(failed->message.find("is damaged"), std::string::npos) << failed->message;
    EXPECT_EQ(ends[0].exit_status, 1);
}

TEST_F(Resume, ACheckpointOfAnotherPointIsRefused) {
    const auto options = job("first");
    finish(options);
    auto second = job("second");
    second.params["learning_rate"] = 0.02;
    second.resume_from = (options.attempt_dir / "step-8.safetensors").string();
    const auto ends = Gang(second).run();
    ASSERT_NE(ends[0].find<wire::Failed>(), nullptr);
    EXPECT_NE(
        ends[0].find<wire::Failed>()->message.find("belongs to another run"), std::string::npos
    );
    EXPECT_FALSE(ends[0].find<wire::Failed>()->retry);
}

}  // namespace
}  // namespace bw::trainer::test
