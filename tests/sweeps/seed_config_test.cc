// The script's flags and configuration as a sweep.
#include "sweeps/seed_config.h"

#include <gtest/gtest.h>

#include "sweeps/parse.h"
#include "sweeps/points.h"
#include "sweeps/training.h"

namespace bw::sweeps {
namespace {

Map point_of(const SeedRun& run) {
    const auto text = seed_sweep(run);
    EXPECT_TRUE(text) << (text ? "" : text.error().message);
    if (!text) return {};
    const Parsed parsed = parse_sweep(*text);
    for (const auto& one : parsed.diagnostics) ADD_FAILURE() << render(one, "train");
    EXPECT_TRUE(parsed.sweep);
    if (!parsed.sweep) return {};
    EXPECT_EQ(point_count(*parsed.sweep), 1u);
    return point_at(*parsed.sweep, 0)->params;
}

std::string value(const Map& params, std::string_view name) {
    const Value* found = find_value(params, name);
    return found == nullptr ? "-" : to_json(*found);
}

std::string problem(const char* config) {
    const auto text = seed_sweep({.model = "resnet", .config = config, .config_name = "c.yaml"});
    return text ? "" : text.error().message;
}

TEST(SeedConfig, WithoutAConfigurationTheScriptsDefaultsAndItsOptimizerTableHold) {
    const Map alexnet = point_of({.model = "alexnet"});
    EXPECT_EQ(value(alexnet, "dataset"), "\"cifar10\"");
    EXPECT_EQ(value(alexnet, "image_resolution"), "224");
    EXPECT_EQ(value(alexnet, "optimizer"), "\"sgd\"");
    EXPECT_EQ(value(alexnet, "learning_rate"), "1e-07") << "a cycle begins at its floor";
    EXPECT_EQ(value(alexnet, "max_learning_rate"), "0.1");
    const Map nin = point_of({.model = "nin"});
    EXPECT_EQ(value(nin, "optimizer"), "\"adam\"") << "no entry in the table: as configured";
    EXPECT_EQ(value(nin, "learning_rate"), "0.001");
    const Map resmlp = point_of({.model = "resmlp", .save_best = true});
    EXPECT_EQ(value(resmlp, "learning_rate"), "0.005");
    EXPECT_EQ(value(resmlp, "save_best"), "true");
}

TEST(SeedConfig, ReadsItsKeysAndOurs) {
    const Map params = point_of(
        {.model = "cnn",
         .config = "parameters:\n  num_epochs: 2\n  learning_rate: 1e-2\n  MNIST: True\n  "
                   "image_resolution: 28\n  n_classes: 10\n  optimizer: sgd\n  momentum: 0.5\n"}
    );
    EXPECT_EQ(value(params, "dataset"), "\"mnist\"");
    EXPECT_EQ(value(params, "learning_rate"), "0.01") << "PyYAML reads that as a text";
    EXPECT_EQ(value(params, "momentum"), "0.5");
    EXPECT_EQ(value(params, "num_epochs"), "2");
}

TEST(SeedConfig, SamIsAroundSgdOfTheScript) {
    const Map params = point_of({.model = "resnet", .optimizer = SeedOptimizer::sam});
    EXPECT_EQ(value(params, "sam_rho"), "0.05");
    EXPECT_EQ(value(params, "learning_rate"), "1e-06");
    EXPECT_EQ(value(params, "weight_decay"), "0.0001");
    EXPECT_EQ(value(params, "recipe"), "-");
}

TEST(SeedConfig, ProblemsAreNamedWithTheirPlace) {
    EXPECT_EQ(
        problem("parameters:\n  num_epochs: many\n  lr_rate: 1\n"),
        "c.yaml:2:15: parameters.num_epochs: expected an integer from 1 to 1000000, found "
        "\"many\"\nc.yaml:3:12: parameters.lr_rate: unknown parameter; `batchwright sweep schema` "
        "lists them"
    );
    EXPECT_EQ(
        problem("parameters: {n_classes: 100}"),
        "c.yaml:1:25: parameters.n_classes: cifar10 has 10 classes, found 100"
    );
    EXPECT_NE(problem("epochs: 3"), "");
    EXPECT_NE(problem(": ["), "");
}

}  // namespace
}  // namespace bw::sweeps
