#include "wire/trainer/messages.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace bw::trainer_wire {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

template <class Message>
Message through_wire_to_trainer(const Message& message) {
    const auto decoded = decode_to_trainer(encode(ToTrainer{message}));
    EXPECT_TRUE(decoded.has_value()) << decoded.error().message;
    return std::get<Message>(decoded->value());
}

template <class Message>
Message through_wire_from_trainer(const Message& message) {
    const auto decoded = decode_from_trainer(encode(FromTrainer{message}));
    EXPECT_TRUE(decoded.has_value()) << decoded.error().message;
    return std::get<Message>(decoded->value());
}

Start some_start() {
    Start start;
    start.job = std::numeric_limits<std::uint64_t>::max();
    start.attempt = 4'000'000'000u;
    start.rank = 3;
    start.params_json =
        R"({"model":"cnn","learning_rate":0.1,"batch_size":64,"a":{"z":[1,2.5,null]}})";
    start.plan = {.global_batch = 64, .group = 32, .micro_batch = 16, .world_size = 4};
    start.bn = "frozen";
    start.device = "cuda:GPU-1";
    start.threads = 2;
    start.checkpoint_steps = 100;
    start.attempt_dir = "/s/jobs/0/1 \"x\"\n";
    start.resume_from = "/s/jobs/0/1/step-5";
    start.data_path = "/a:/b";
    start.cache_dir = "/cache";
    start.host = "10.0.0.1";
    return start;
}

TEST(TrainerWire, StartKeepsEveryField) {
    const Start sent = some_start();
    const Start got = through_wire_to_trainer(sent);
    EXPECT_EQ(got.job, sent.job);
    EXPECT_EQ(got.attempt, sent.attempt);
    EXPECT_EQ(got.rank, sent.rank);
    EXPECT_EQ(got.params_json, sent.params_json);
    EXPECT_EQ(got.plan.global_batch, sent.plan.global_batch);
    EXPECT_EQ(got.plan.group, sent.plan.group);
    EXPECT_EQ(got.plan.micro_batch, sent.plan.micro_batch);
    EXPECT_EQ(got.plan.world_size, sent.plan.world_size);
    EXPECT_EQ(got.bn, sent.bn);
    EXPECT_EQ(got.device, sent.device);
    EXPECT_EQ(got.threads, sent.threads);
    EXPECT_EQ(got.checkpoint_steps, sent.checkpoint_steps);
    EXPECT_EQ(got.attempt_dir, sent.attempt_dir);
    EXPECT_EQ(got.resume_from, sent.resume_from);
    EXPECT_EQ(got.data_path, sent.data_path);
    EXPECT_EQ(got.cache_dir, sent.cache_dir);
    EXPECT_EQ(got.host, sent.host);
}

TEST(TrainerWire, OrdersKeepEveryField) {
    const auto rendezvous = through_wire_to_trainer(Rendezvous{.host = "h", .port = 65535});
    EXPECT_EQ(rendezvous.host, "h");
    EXPECT_EQ(rendezvous.port, 65535);
    EXPECT_EQ(through_wire_to_trainer(Stop{StopMode::preempt}).mode, StopMode::preempt);
    EXPECT_EQ(through_wire_to_trainer(Stop{StopMode::cancel}).mode, StopMode::cancel);
    EXPECT_EQ(through_wire_to_trainer(CheckpointAccepted{77}).step, 77);
}

TEST(TrainerWire, ReportsKeepEveryField) {
    through_wire_from_trainer(Ready{});
    EXPECT_EQ(through_wire_from_trainer(StoreOpened{"::1", 4000}).host, "::1");
    EXPECT_EQ(through_wire_from_trainer(StoreOpened{"::1", 4000}).port, 4000);
    const auto running = through_wire_from_trainer(Running{10, 50, "sha"});
    EXPECT_EQ(running.step, 10);
    EXPECT_EQ(running.total_steps, 50);
    EXPECT_EQ(running.data_fingerprint, "sha");
    const auto progress = through_wire_from_trainer(Progress{1, 2, 3, 0.1, 1e300});
    EXPECT_EQ(progress.step, 1);
    EXPECT_EQ(progress.total_steps, 2);
    EXPECT_EQ(progress.epoch, 3);
    EXPECT_EQ(progress.loss, 0.1);
    EXPECT_EQ(progress.samples_per_second, 1e300);
    const auto durable = through_wire_from_trainer(CheckpointDurable{5, "/p", 0.5});
    EXPECT_EQ(durable.step, 5);
    EXPECT_EQ(durable.path, "/p");
    EXPECT_EQ(durable.seconds, 0.5);
    EXPECT_EQ(through_wire_from_trainer(Stopped{9}).step, 9);
    const auto failed = through_wire_from_trainer(Failed{13, "loss is nan", false});
    EXPECT_EQ(failed.code, 13);
    EXPECT_EQ(failed.message, "loss is nan");
    EXPECT_FALSE(failed.retry);
}

TEST(TrainerWire, ProgressKeepsTheTotalsOfTheAttemptAndOfTheRank) {
    Progress sent;
    sent.accuracy = 0.75;
    sent.learning_rate = 1e-3;
    sent.steps = 4;
    sent.samples = 128;
    sent.oom_replans = 2;
    sent.phases = {1, 2, 3, 4, 5, 6, 7, 8};
    sent.micro_batch = 16;
    sent.accumulation = 3;
    sent.ooms = 1;
    sent.peak_bytes = std::int64_t{1} << 40;
    const auto got = through_wire_from_trainer(sent);
    EXPECT_EQ(got.accuracy, sent.accuracy);
    EXPECT_EQ(got.learning_rate, sent.learning_rate);
    EXPECT_EQ(got.steps, sent.steps);
    EXPECT_EQ(got.samples, sent.samples);
    EXPECT_EQ(got.oom_replans, sent.oom_replans);
    EXPECT_EQ(got.phases.data, 1);
    EXPECT_EQ(got.phases.forward, 2);
    EXPECT_EQ(got.phases.backward, 3);
    EXPECT_EQ(got.phases.all_reduce, 4);
    EXPECT_EQ(got.phases.optimizer, 5);
    EXPECT_EQ(got.phases.evaluation, 6);
    EXPECT_EQ(got.phases.checkpoint, 7);
    EXPECT_EQ(got.phases.other, 8);
    EXPECT_EQ(got.micro_batch, sent.micro_batch);
    EXPECT_EQ(got.accumulation, sent.accumulation);
    EXPECT_EQ(got.ooms, sent.ooms);
    EXPECT_EQ(got.peak_bytes, sent.peak_bytes);
}

TEST(TrainerWire, ResultsKeepEveryField) {
    const auto epoch = through_wire_from_trainer(EpochEnded{1, 2, 0.5, 0.25, 1.5, 0.125});
    EXPECT_EQ(epoch.epoch, 1);
    EXPECT_EQ(epoch.step, 2);
    EXPECT_EQ(epoch.train_loss, 0.5);
    EXPECT_EQ(epoch.train_accuracy, 0.25);
    EXPECT_EQ(epoch.test_loss, 1.5);
    EXPECT_EQ(epoch.test_accuracy, 0.125);
    const Finished sent{
        .step = 1,
        .weights_sha256 = "ab",
        .samples_per_step_min = 2,
        .samples_per_step_max = 3,
        .micro_batch = 4,
        .accumulation = 5,
        .train_loss = 0.1,
        .test_loss = 0.2,
        .test_accuracy = 0.3,
        .samples_per_second = 0.4,
        .peak_bytes = 1LL << 40};
    const Finished got = through_wire_from_trainer(sent);
    EXPECT_EQ(got.step, 1);
    EXPECT_EQ(got.weights_sha256, "ab");
    EXPECT_EQ(got.samples_per_step_min, 2);
    EXPECT_EQ(got.samples_per_step_max, 3);
    EXPECT_EQ(got.micro_batch, 4);
    EXPECT_EQ(got.accumulation, 5);
    EXPECT_EQ(got.train_loss, 0.1);
    EXPECT_EQ(got.test_loss, 0.2);
    EXPECT_EQ(got.test_accuracy, 0.3);
    EXPECT_EQ(got.samples_per_second, 0.4);
    EXPECT_EQ(got.peak_bytes, 1LL << 40);
}

/// What only a program of the user's own is told, and what only it says.
TEST(TrainerWire, FieldsOfProgramsAreKept) {
    Start sent = some_start();
    EXPECT_EQ(encode(ToTrainer{sent}).find("\"program\""), std::string::npos)
        << "the built-in trainer is told of none";
    sent.program_json = R"({"program":"train.py","command":["${env}","${program}",1,null]})";
    sent.resume_step = 1LL << 40;
    sent.local_rank = 1;
    sent.local_world_size = 2;
    sent.gpus = "GPU-1,GPU-2";
    sent.grace_ms = 30'000;
    const Start got = through_wire_to_trainer(sent);
    EXPECT_EQ(got.program_json, sent.program_json);
    EXPECT_EQ(got.resume_step, sent.resume_step);
    EXPECT_EQ(got.local_rank, sent.local_rank);
    EXPECT_EQ(got.local_world_size, sent.local_world_size);
    EXPECT_EQ(got.gpus, sent.gpus);
    EXPECT_EQ(got.grace_ms, sent.grace_ms);

    EpochEnded epoch;
    epoch.step = 3;
    epoch.metrics = {{"bleu", 27.5}, {"loss/val", -kInf}};
    EXPECT_EQ(through_wire_from_trainer(epoch).metrics, epoch.metrics);
    Finished finished;
    finished.metrics = {{"bleu", 1.0 / 3}};
    EXPECT_EQ(through_wire_from_trainer(finished).metrics, finished.metrics);
}

TEST(TrainerWire, WhatAProgramLeavesOutOfAnEpochIsNotMeasured) {
    const auto decoded = decode_from_trainer(R"({"type":"epoch_ended","step":7})");
    ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
    const auto& epoch = std::get<EpochEnded>(decoded->value());
    EXPECT_LT(epoch.epoch, 0) << "the step stands for it";
    EXPECT_TRUE(std::isnan(epoch.train_loss));
    EXPECT_TRUE(std::isnan(epoch.test_accuracy));
    EXPECT_TRUE(epoch.metrics.empty());
}

TEST(TrainerWire, AMetricThatIsNoNumberIsNamed) {
    const auto decoded =
        decode_from_trainer(R"({"type":"epoch_ended","step":7,"metrics":{"bleu":"good"}})");
    ASSERT_FALSE(decoded.has_value());
    EXPECT_NE(decoded.error().message.find("bleu"), std::string::npos) << decoded.error().message;
}

TEST(TrainerWire, NanAndInfinitiesAreTexts) {
    const std::string line = encode(FromTrainer{EpochEnded{0, 1, kInf, -kInf, kNan, 0.5}});
    const auto json = nlohmann::json::parse(line);  // a strict reader takes the line
    EXPECT_EQ(json["train_loss"], "inf");
    EXPECT_EQ(json["train_accuracy"], "-inf");
    EXPECT_EQ(json["test_loss"], "nan");
    const auto got = through_wire_from_trainer(EpochEnded{0, 1, kInf, -kInf, kNan, 0.5});
    EXPECT_EQ(got.train_loss, kInf);
    EXPECT_EQ(got.train_accuracy, -kInf);
    EXPECT_TRUE(std::isnan(got.test_loss));
}

TEST(TrainerWire, DoublesRoundTripExactly) {
    for (const double value : {0.1, 1.0 / 3, 5e-324, 1.7976931348623157e308, -0.0, 1e-5, 3.0}) {
        EXPECT_EQ(through_wire_from_trainer(Progress{.loss = value}).loss, value);
    }
}

TEST(TrainerWire, OneMessageIsOneLine) {
    Failed failed;
    failed.message = "a\nb\r\0c";
    EXPECT_EQ(encode(FromTrainer{failed}).find('\n'), std::string::npos);
    EXPECT_EQ(through_wire_from_trainer(failed).message, failed.message);
}

TEST(TrainerWire, BytesThatAreNoUtf8AreReplacedNotFatal) {
    Failed failed;
    failed.message = "no such file \"\xff\xfe\"";
    EXPECT_EQ(
        through_wire_from_trainer(failed).message, "no such file \"\xEF\xBF\xBD\xEF\xBF\xBD\""
    );
}

TEST(TrainerWire, AVeryLongFailureTextStillFitsIntoALine) {
    Failed failed;
    failed.message.assign(1 << 20, '\x01');
    const std::string line = encode(FromTrainer{failed});
    EXPECT_LE(line.size(), kLineBytesMax);
    EXPECT_TRUE(decode_from_trainer(line).has_value());
}

TEST(TrainerWire, UnknownKeysAndTypesAreIgnored) {
    const auto newer = decode_from_trainer(R"({"type":"stopped","step":4,"mood":{"good":true}})");
    ASSERT_TRUE(newer.has_value());
    EXPECT_EQ(std::get<Stopped>(newer->value()).step, 4);
    const auto unknown = decode_from_trainer(R"({"type":"telepathy","x":1})");
    ASSERT_TRUE(unknown.has_value());
    EXPECT_FALSE(unknown->has_value());
}

TEST(TrainerWire, AbsentOptionalFieldsKeepTheirDefaults) {
    const auto failed = decode_from_trainer(R"({"type":"failed","message":"x"})");
    ASSERT_TRUE(failed.has_value());
    EXPECT_TRUE(std::get<Failed>(failed->value()).retry);
}

TEST(TrainerWire, GarbageIsAnErrorNotACrash) {
    const std::vector<std::string> garbage = {
        "",
        " ",
        "null",
        "[]",
        "42",
        "hello",
        "{",
        "{}",
        R"({"type":3})",
        R"({"type":"stopped"})",
        R"({"type":"stopped","step":"4"})",
        R"({"type":"stopped","step":4.5})",
        R"({"type":"stopped","step":true})",
        R"({"type":"stopped","step":99999999999999999999})",
        R"({"type":"stopped","step":18446744073709551615})",
        R"({"type":"store_opened","host":"h","port":4294967296})",
        R"({"type":"store_opened","host":7,"port":1})",
        R"({"type":"progress","step":1,"loss":"big"})",
        R"({"type":"progress","step":1,"loss":NaN})",
        R"({"type":"failed","message":"x","retry":1})",
        R"({"type":"stopped","step":4} trailing)",
        std::string("\xff\x00\x01", 3),
        std::string(70'000, '['),
        R"({"type":"ready","pad":")" + std::string(kLineBytesMax, 'x') + "\"}",
    };
    for (const auto& line : garbage) {
        const auto decoded = decode_from_trainer(line);
        ASSERT_FALSE(decoded.has_value()) << line.substr(0, 80);
        EXPECT_EQ(decoded.error().code, Errc::corrupt);
        EXPECT_LT(decoded.error().message.size(), 400u);
    }
    EXPECT_FALSE(decode_to_trainer(R"({"type":"stop","mode":"explode"})").has_value());
    EXPECT_FALSE(decode_to_trainer(R"({"type":"start","job":1})").has_value());
    std::string text_params = encode(ToTrainer{some_start()});
    text_params.replace(text_params.find("\"params\":{"), 9, "\"params\":7,\"x\":");
    EXPECT_FALSE(decode_to_trainer(text_params).has_value());
}

TEST(TrainerWire, EveryPrefixOfALineIsAnError) {
    const std::string line = encode(ToTrainer{some_start()});
    for (std::size_t size = 0; size < line.size(); ++size) {
        EXPECT_FALSE(decode_to_trainer(std::string_view(line).substr(0, size)).has_value());
    }
}

TEST(TrainerWire, DirectionsDoNotMix) {
    const auto decoded = decode_to_trainer(encode(FromTrainer{Stopped{1}}));
    ASSERT_TRUE(decoded.has_value());
    EXPECT_FALSE(decoded->has_value());
}

}  // namespace
}  // namespace bw::trainer_wire
