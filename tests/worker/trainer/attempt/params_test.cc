// The point's parameters, as the trainer understands them.
#include "worker/trainer/attempt/params.h"

#include <gtest/gtest.h>

namespace bw::trainer {
namespace {

TEST(Params, MissingOnesTakeTheirDefaults) {
    const auto params = parse_params(R"({"model": "cnn"})");
    ASSERT_TRUE(params);
    EXPECT_EQ(params->dataset, "fashion_mnist");
    EXPECT_EQ(params->num_epochs, 10);
    EXPECT_EQ(params->learning_rate, 0.001);
    EXPECT_EQ(params->optimizer.kind, OptimizerKind::adam);
    EXPECT_EQ(params->last_batch, LastBatch::drop);
    EXPECT_EQ(params->precision, Precision::fp32);
}

TEST(Params, AllAreRead) {
    const auto params =
        parse_params(R"({"model": "cnn", "dataset": "mnist", "num_epochs": 3, "max_steps": 7,
        "learning_rate": 1, "momentum": 0.9, "weight_decay": 1e-4, "optimizer": "sgd", "image_resolution": 32,
        "seed": 5, "eval_interval": 0, "drop_last": false, "limit_train_samples": 100, "limit_test_samples": 50,
        "precision": "fp64", "augment": "crop_flip", "from_the_future": [1]})");
    ASSERT_TRUE(params) << params.error().message;
    EXPECT_EQ(params->max_steps, 7);
    EXPECT_EQ(params->learning_rate, 1.0);
    EXPECT_EQ(params->optimizer.kind, OptimizerKind::sgd);
    EXPECT_EQ(params->last_batch, LastBatch::keep);
    EXPECT_EQ(params->precision, Precision::fp64);
    EXPECT_EQ(params->augment, Augment::crop_flip);
    EXPECT_EQ(params->limit_test_samples, 50);
    EXPECT_EQ(params->seed, 5u);
}

TEST(Params, AWrongOneIsNamedWithWhatWasExpected) {
    const auto message = [](const char* json) { return parse_params(json).error().message; };
    EXPECT_EQ(
        message(R"({"model": "cnn", "num_epochs": "many"})"),
        "parameter num_epochs: expected an integer, found \"many\""
    );
    EXPECT_EQ(
        message(R"({"model": "cnn", "optimizer": "sdg"})"),
        "parameter optimizer: expected sgd or adam or adamw or rmsprop or lamb, found \"sdg\""
    );
    EXPECT_EQ(
        message(R"({"model": "cnn", "seed": -1})"),
        "parameter seed: expected a number that is not negative, found -1"
    );
    EXPECT_EQ(message(R"({"dataset": "mnist"})"), "parameter model is missing");
    EXPECT_EQ(message("[1"), "the parameters are no JSON object");
}

TEST(Params, TheHashNamesThePointNotItsSpelling) {
    const auto hash = [](const char* json) { return parse_params(json)->hash; };
    EXPECT_EQ(hash(R"({"model":"cnn","seed":1})"), hash(R"({ "seed": 1, "model": "cnn" })"));
    EXPECT_NE(hash(R"({"model":"cnn","seed":1})"), hash(R"({"model":"cnn","seed":2})"));
}

}  // namespace
}  // namespace bw::trainer
