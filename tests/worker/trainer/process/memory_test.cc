// Training under a memory limit, with real processes: the plan is found, predicted, held and
// remembered.
#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include "base/result.h"
#include "tests/worker/trainer/data/idx_fixture.h"
#include "tests/worker/trainer/process/gang_fixture.h"

namespace bw::trainer::test {
namespace {

namespace wire = trainer_wire;

constexpr std::int64_t kMiB = 1 << 20;

class MemoryLimit : public testing::Test {
protected:
    MemoryLimit() { write_fashion_mnist(folder_.path(), {.train = 200, .test = 30, .side = 16}); }

    GangOptions job(const std::vector<std::int64_t>& limits) {
        GangOptions options;
        options.params = {
            {"model", "resnet18"},
            {"num_epochs", 1},
            {"optimizer", "sgd"},
            {"momentum", 0.9},
            {"learning_rate", 0.01},
            {"image_resolution", 32},
            {"max_steps", 3},
            {"batch_size", 60}};
        options.global_batch = 60;
        options.group = 5;
        options.world_size = static_cast<int>(limits.size());
        options.memory_limits = limits;
        options.attempt_dir = folder_.path() / ("attempt" + std::to_string(++attempts_));
        options.data_path = folder_.path().string();
        return options;
    }

    static wire::Finished finished(const std::vector<RankEnd>& ends) {
        const auto* message = ends[0].find<wire::Finished>();
        const auto* failed = ends[0].find<wire::Failed>();
        EXPECT_NE(message, nullptr) << (failed == nullptr ? "no word" : failed->message);
        return message == nullptr ? wire::Finished{} : *message;
    }

    static double error_of(const wire::Finished& end) {
        const auto measured = static_cast<double>(end.peak_bytes);
        return std::abs(static_cast<double>(end.predicted_peak_bytes) - measured) / measured;
    }

    TemporaryFolder folder_;
    int attempts_ = 0;
};

TEST_F(MemoryLimit, ThePlanUsesTheLimitAndThePeakIsAsPredicted) {
    const auto end = finished(Gang(job({160 * kMiB})).run());
    EXPECT_EQ(end.limit_bytes, 160 * kMiB);
    EXPECT_EQ(end.samples_per_step_min, 60);
    EXPECT_EQ(end.samples_per_step_max, 60);
    EXPECT_GT(end.accumulation, 1);
    EXPECT_LE(end.peak_bytes, end.limit_bytes);
    EXPECT_LE(error_of(end), 0.005) << end.predicted_peak_bytes << " " << end.peak_bytes;
    EXPECT_EQ(end.oom_count, 0);
    EXPECT_GE(end.probe_steps, 2);
    EXPECT_LE(end.probe_steps, 3);
}

TEST_F(MemoryLimit, APredictionCanBeShownFalse) {
    auto options = job({4096 * kMiB});
    options.asked_micro_batch = 15;
    const auto predicted = finished(Gang(options).run()).predicted_peak_bytes;
    options = job({predicted + predicted / 200});
    options.asked_micro_batch = 15;
    options.params["max_steps"] = 10;
    options.params["num_epochs"] = 5;
    const auto end = finished(Gang(options).run());
    EXPECT_EQ(end.step, 10);
    EXPECT_EQ(end.micro_batch, 15);
    EXPECT_EQ(end.oom_count + end.probe_ooms, 0);
    options = job({predicted - predicted / 100});
    options.asked_micro_batch = 15;
    options.params["recompute"] = "never";
    const auto ends = Gang(options).run();
    const auto* failed = ends[0].find<wire::Failed>();
    ASSERT_NE(failed, nullptr);
    EXPECT_EQ(failed->code, static_cast<int>(Errc::refused));
    EXPECT_FALSE(failed->retry);
}

TEST_F(MemoryLimit, WhatFitsNowhereIsRefusedWithTheNumbersOnEveryRank) {
    auto options = job({140 * kMiB, 140 * kMiB});
    options.params["recompute"] = "never";
    const auto ends = Gang(options).run();
    for (const auto& end : ends) {
        const auto* failed = end.find<wire::Failed>();
        ASSERT_NE(failed, nullptr);
        EXPECT_EQ(failed->code, static_cast<int>(Errc::refused)) << failed->message;
        EXPECT_NE(failed->message.find("140.00 MiB"), std::string::npos) << failed->message;
        EXPECT_FALSE(failed->retry);
    }
}

TEST_F(MemoryLimit, WhereNothingFitsElseActivationsAreComputedAgainAndThePeakIsAsPredicted) {
    auto options = job({4096 * kMiB});
    options.asked_micro_batch = 5;
    options.params["model"] = "mobilenetv2";
    const auto kept = finished(Gang(options).run());
    EXPECT_EQ(kept.recompute, 0);
    options = job({kept.predicted_peak_bytes * 85 / 100});
    options.params["model"] = "mobilenetv2";
    options.profiles_dir = (folder_.path() / "profiles").string();
    const auto end = finished(Gang(options).run());
    EXPECT_GT(end.recompute, 5) << "blocks";
    EXPECT_EQ(end.samples_per_step_min, 60);
    EXPECT_LE(end.peak_bytes, end.limit_bytes);
    EXPECT_LE(error_of(end), 0.005) << end.predicted_peak_bytes << " " << end.peak_bytes;
    EXPECT_EQ(end.oom_count, 0);
    options.attempt_dir = folder_.path() / "again";
    const auto again = finished(Gang(options).run());
    EXPECT_EQ(again.probe_steps, 0) << "both profiles are known";
    EXPECT_EQ(again.weights_sha256, end.weights_sha256);
    options.attempt_dir = folder_.path() / "plain";
    options.memory_limits = {4096 * kMiB};
    options.asked_micro_batch = end.micro_batch;
    EXPECT_EQ(finished(Gang(options).run()).weights_sha256, end.weights_sha256) << "bit for bit";
}

TEST_F(MemoryLimit, UnequalDevicesTakeUnequalSharesOfTheSameBatch) {
    const auto ends = Gang(job({154 * kMiB, 400 * kMiB})).run();
    const auto end = finished(ends);
    EXPECT_EQ(end.samples_per_step_min, 60);
    EXPECT_EQ(end.samples_per_step_max, 60);
    EXPECT_EQ(end.limit_bytes, 154 * kMiB);
    EXPECT_EQ(end.oom_count, 0);
    const auto* other = ends[1].find<wire::Finished>();
    ASSERT_NE(other, nullptr);
    EXPECT_EQ(other->weights_sha256, end.weights_sha256);
    EXPECT_EQ(other->predicted_peak_bytes, end.predicted_peak_bytes) << "one plan for all";
}

TEST_F(MemoryLimit, AProfileIsRememberedAndNeedsNoProbe) {
    auto options = job({160 * kMiB});
    options.profiles_dir = (folder_.path() / "profiles").string();
    const auto first = finished(Gang(options).run());
    EXPECT_GE(first.probe_steps, 2);
    ASSERT_EQ(std::distance(std::filesystem::directory_iterator(options.profiles_dir), {}), 1);
    options.attempt_dir = folder_.path() / "again";
    const auto second = finished(Gang(options).run());
    EXPECT_EQ(second.probe_steps, 0);
    EXPECT_EQ(second.micro_batch, first.micro_batch);
    EXPECT_EQ(second.predicted_peak_bytes, first.predicted_peak_bytes);
    EXPECT_EQ(second.weights_sha256, first.weights_sha256) << "probes leave nothing behind";
}

/// With one thread 1x1 convolutions run other kernels from 16 samples on.
TEST_F(MemoryLimit, SmallAndLargeMicroBatchesShareAProfile) {
    std::int64_t probes[4] = {};
    const std::int64_t sizes[4] = {10, 30, 10, 30};
    std::int64_t predicted[4] = {};
    for (int i = 0; i < 4; ++i) {
        auto options = job({4096 * kMiB});
        options.params["model"] = "shufflenet_v2_x0_5";
        options.params["max_steps"] = 2;
        options.profiles_dir = (folder_.path() / "profiles").string();
        options.asked_micro_batch = sizes[i];
        const auto end = finished(Gang(options).run());
        EXPECT_EQ(end.micro_batch, sizes[i]);
        EXPECT_LE(error_of(end), 0.005) << sizes[i];
        probes[i] = end.probe_steps;
        predicted[i] = end.predicted_peak_bytes;
    }
    EXPECT_EQ(probes[0], 2);
    EXPECT_EQ(probes[1], 1) << "one beside the size whose kernels are new";
    EXPECT_EQ(probes[2], 0);
    EXPECT_EQ(probes[3], 0);
    EXPECT_EQ(predicted[2], predicted[0]);
    EXPECT_EQ(predicted[3], predicted[1]);
}

/// What the environment makes the trainers of a test do.
class Environment {
public:
    Environment(const char* name, const std::string& value) : name_(name) {
        setenv(name, value.c_str(), /*overwrite=*/1);
    }

    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;

    ~Environment() { unsetenv(name_); }

private:
    const char* name_;
};

class ChangingLimit : public MemoryLimit, public testing::WithParamInterface<const char*> {};

TEST_P(ChangingLimit, ALimitThatFallsAndRisesCostsTwoRetriesAndIsUsedAgainOnce) {
    const Environment reduction("BATCHWRIGHT_REDUCTION", GetParam());
    auto options = job({64 * kMiB, 64 * kMiB});
    options.params["model"] = "cnn";
    options.params["image_resolution"] = 0;
    options.params["max_steps"] = 300;
    options.params["num_epochs"] = 200;
    options.params["eval_interval"] = 0;
    options.params["learning_rate"] = 0.001;
    options.params["precision"] = "fp64";  // in fp32 rounding alone grows beyond 1e-4 in 100 steps
    const auto calm = finished(Gang(options).run());
    const auto calm_losses = curve_losses(options.attempt_dir);
    ASSERT_GT(calm.micro_batch, 15);
    options.attempt_dir = folder_.path() / "lowered";
    const auto lowered = std::to_string(calm.predicted_peak_bytes * 6 / 10);
    const Environment limits(
        "BATCHWRIGHT_LIMITS", "1@50=" + lowered + ",1@60=" + std::to_string(64 * kMiB)
    );
    const auto ends = Gang(options).run();
    const auto end = finished(ends);
    const auto* other = ends[1].find<wire::Finished>();
    ASSERT_NE(other, nullptr);
    EXPECT_GE(other->oom_count, 1);
    EXPECT_LE(other->oom_count, 2);
    EXPECT_EQ(end.oom_count, 0) << "only the rank whose limit fell";
    EXPECT_EQ(end.replans, other->oom_count + 1) << "and grew back once";
    EXPECT_EQ(end.micro_batch, calm.micro_batch);
    EXPECT_EQ(end.predicted_peak_bytes, calm.predicted_peak_bytes);
    EXPECT_EQ(end.samples_per_step_min, 60);
    EXPECT_EQ(end.samples_per_step_max, 60);
    const auto losses = curve_losses(options.attempt_dir);
    ASSERT_EQ(losses.size(), calm_losses.size());
    for (std::size_t i = 0; i < losses.size(); ++i)
        EXPECT_NEAR(losses[i], calm_losses[i], 1e-8 * calm_losses[i]) << "step " << i + 1;
}

INSTANTIATE_TEST_SUITE_P(
    Forms,
    ChangingLimit,
    testing::Values("deferred", "overlapped"),
    [](const auto& form) { return std::string(form.param); }
);

TEST_F(MemoryLimit, ProbesLeaveNothingBehind) {
    auto options = job({});
    options.world_size = 1;
    options.micro_batch = 15;
    const auto plain = finished(Gang(options).run());
    options = job({4096 * kMiB});
    options.asked_micro_batch = 15;
    const auto probed = finished(Gang(options).run());
    EXPECT_EQ(probed.weights_sha256, plain.weights_sha256);
    EXPECT_EQ(plain.limit_bytes, 0);
    EXPECT_EQ(plain.predicted_peak_bytes, 0);
    EXPECT_GT(plain.peak_bytes, 0);
}

}  // namespace
}  // namespace bw::trainer::test
