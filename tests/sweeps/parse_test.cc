#include "sweeps/parse.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "base/rng.h"
#include "models/catalog/catalog.h"
#include "models/catalog/recipes.h"
#include "sweeps/points.h"
#include "sweeps/training.h"
#include "sweeps/training_rules.h"

namespace bw::sweeps {
namespace {

namespace fs = std::filesystem;

const std::string kBase =
    "method: grid\nparameters:\n  model: {value: cnn}\n  lr: {values: [0.1, 0.2]}\n";

std::vector<std::string> problems(const std::string& text) {
    std::vector<std::string> out;
    for (const Diagnostic& one : parse_sweep(text).diagnostics) out.push_back(render(one, "f"));
    return out;
}

std::string fingerprint(const std::string& text) {
    const Parsed parsed = parse_sweep(text);
    EXPECT_TRUE(parsed.sweep) << text;
    return parsed.sweep ? parsed.sweep->fingerprint : "";
}

TEST(Parse, TheFingerprintIgnoresLayoutCapConcurrencyAndRetries) {
    const std::string base = fingerprint(kBase);
    EXPECT_EQ(base.size(), 64u);
    EXPECT_EQ(fingerprint("# a comment\n" + kBase), base);
    EXPECT_EQ(
        fingerprint("parameters: {lr: {values: [0.1, 2e-1]}, model: {value: cnn}}\nmethod: grid\n"),
        base
    );
    EXPECT_EQ(fingerprint(kBase + "run_cap: 1\nbatchwright: {concurrency: 2, retries: 5}\n"), base);
    EXPECT_NE(fingerprint(kBase + "batchwright: {seed: 1}\n"), base);
    EXPECT_NE(fingerprint(kBase + "batchwright: {world_size: 2}\n"), base);
    EXPECT_NE(
        fingerprint("method: grid\nparameters:\n  model: {value: cnn}\n  lr: {values: [0.2, 0.1]}\n"
        ),
        base
    );
}

TEST(Parse, OptionsAreReadAndHaveTheirDefaults) {
    const Options none = parse_sweep(kBase).sweep->options;
    EXPECT_EQ(none.world_size, 1);
    EXPECT_EQ(none.retries, 2);
    EXPECT_EQ(none.bn, BatchNormPolicy::ghost);
    EXPECT_EQ(none.bn_group, 0);
    const Options all =
        parse_sweep(
            kBase +
            "batchwright: {world_size: 4, seed: 7, device: cpu, checkpoint_steps: 10, retries: 0, "
            "concurrency: 3, micro_batch: 16, bn: ghost(16)}\n"
        )
            .sweep->options;
    EXPECT_EQ(all.world_size, 4);
    EXPECT_EQ(all.seed, 7u);
    EXPECT_EQ(all.device, "cpu");
    EXPECT_EQ(all.checkpoint_steps, 10);
    EXPECT_EQ(all.retries, 0);
    EXPECT_EQ(all.concurrency, 3);
    EXPECT_EQ(all.micro_batch, 16);
    EXPECT_EQ(all.bn_group, 16);
}

TEST(Parse, AProgramOfItsOwnTakesAnyParameters) {
    const Parsed parsed =
        parse_sweep("program: x.py\nmethod: grid\nparameters: {whatever: {values: [a, {b: [1]}]}}\n"
        );
    ASSERT_TRUE(parsed.sweep);
    EXPECT_TRUE(parsed.sweep->external);
    EXPECT_FALSE(parse_sweep(kBase).sweep->external);
}

TEST(Parse, AtMostFiftyProblemsAndErrorsBeforeWarnings) {
    std::string text = kBase;
    for (int i = 0; i < 100; ++i) text += "unknown" + std::to_string(i) + ": 1\n";
    text += "run_cap: none\n";
    const auto found = parse_sweep(text).diagnostics;
    EXPECT_EQ(found.size(), kDiagnosticsMax);
    EXPECT_TRUE(has_errors(found));
}

TEST(Parse, TheExamplesAreValid) {
    for (const auto& entry :
         fs::directory_iterator(fs::path(BW_SOURCE_DIR) / "sweeps" / "examples")) {
        if (entry.path().extension() != ".yaml") continue;
        std::ifstream in(entry.path());
        std::ostringstream text;
        text << in.rdbuf();
        const Parsed parsed = parse_sweep(text.str());
        EXPECT_TRUE(parsed.sweep) << entry.path();
        EXPECT_TRUE(parsed.diagnostics.empty()) << entry.path();
    }
}

TEST(Parse, MicroBatchesOfWholeGroupsAreAccepted) {
    const std::string text =
        "method: grid\nparameters: {model: {value: cnn}, batch_size: {value: 128}}\nbatchwright: ";
    EXPECT_TRUE(parse_sweep(text + "{micro_batch: 64}").sweep);
    EXPECT_TRUE(parse_sweep(text + "{micro_batch: 16, bn: ghost(16)}").sweep);
    EXPECT_TRUE(parse_sweep(text + "{micro_batch: 7, bn: frozen}").sweep);
    EXPECT_FALSE(parse_sweep(text + "{micro_batch: 16}").sweep);
    EXPECT_TRUE(parse_sweep(text + "{world_size: 4}").sweep);
    EXPECT_FALSE(parse_sweep(text + "{world_size: 5}").sweep);
}

TEST(Parse, AMetricThatNobodySearchesByIsOnlyWarnedAbout) {
    EXPECT_EQ(
        problems(kBase + "metric: {goal: maximize}\n"),
        std::vector<std::string>{"f:5:1: warning: metric: required key name is missing; ignored"}
    );
    EXPECT_FALSE(parse_sweep(kBase + "metric: {name: a, goal: minimise}\n").sweep);
    EXPECT_TRUE(parse_sweep(kBase + "metric: {name: a, impute: mean}\n").sweep);
}

TEST(Parse, EveryBatchSizeOfARangeIsChecked) {
    EXPECT_EQ(
        problems("method: grid\nparameters: {model: {value: cnn}, batch_size: {min: 64, max: "
                 "66}}\nbatchwright: {micro_batch: 32}"),
        std::vector<std::string>{
            "f:3:28: batchwright.micro_batch: 32 is no whole number of BatchNorm groups (a batch "
            "of 66 is cut into 3 groups of 22); nearest: 22 or 44"}
    );
}

TEST(Training, EveryParameterHasADefaultThatIsValid) {
    std::string_view before;
    for (const TrainingParameter& parameter : training_parameters()) {
        EXPECT_LT(before, parameter.name);
        before = parameter.name;
        EXPECT_EQ(find_training_parameter(parameter.name), &parameter);
        if (!parameter.alias.empty()) {
            EXPECT_EQ(find_training_parameter(parameter.alias), &parameter);
        }
        if (parameter.fallback == Value{nullptr}) continue;  // left to the trainer
        EXPECT_EQ(training_value_problem(parameter, parameter.fallback), std::nullopt)
            << parameter.name;
    }
    EXPECT_EQ(find_training_parameter(""), nullptr);
}

TEST(Training, CompletingResolvesAliasesAndSettlesTypes) {
    const Map done = complete_training_params(
        {{"lr", Value{std::int64_t{1}}},
         {"epochs", Value{3.0}},
         {"model", Value{std::string("cnn")}}}
    );
    EXPECT_EQ(*find_value(done, "learning_rate"), Value{1.0});
    EXPECT_EQ(*find_value(done, "num_epochs"), Value{std::int64_t{3}});
    EXPECT_EQ(find_value(done, "lr"), nullptr);
    EXPECT_EQ(find_value(done, "nesterov"), nullptr) << "left to the trainer";
    EXPECT_EQ(*find_value(done, "momentum"), Value{0.0});
    EXPECT_EQ(training_problem(done), std::nullopt);
    EXPECT_EQ(complete_training_params(done), done);
}

Value text(const char* word) { return Value{std::string(word)}; }

TEST(Training, ARecipeFillsWhatIsNotGiven) {
    const auto with = [](const char* model, const char* recipe, Map given = {}) {
        given.emplace_back("model", text(model));
        given.emplace_back("recipe", text(recipe));
        return complete_training_params(given);
    };
    const Map paper = with("resnet50", "paper", {{"lr", Value{0.4}}});
    EXPECT_EQ(*find_value(paper, "optimizer"), text("sgd"));
    EXPECT_EQ(*find_value(paper, "batch_size"), Value{std::int64_t{256}});
    EXPECT_EQ(*find_value(paper, "learning_rate"), Value{0.4}) << "what is given wins";
    const List milestones = {Value{std::int64_t{30}}, Value{std::int64_t{60}}};
    EXPECT_EQ(*find_value(paper, "milestones"), Value{milestones});
    EXPECT_EQ(*find_value(with("resnet", "seed"), "cycle_mode"), text("triangular2"))
        << "an alias, too";
    EXPECT_EQ(with("resnet18", "none").size(), with("lenet_bn", "paper").size());
}

TEST(Training, EveryRecipeIsAValidPoint) {
    for (const auto& model : models::catalog()) {
        for (const auto recipe : models::recipe_names()) {
            const Map given{
                {"model", Value{std::string(model.name)}}, {"recipe", Value{std::string(recipe)}}};
            const Map complete = complete_training_params(given);
            for (const auto& [name, value] : complete) {
                const auto* parameter = find_training_parameter(name);
                ASSERT_NE(parameter, nullptr) << name;
                EXPECT_EQ(training_value_problem(*parameter, value), std::nullopt)
                    << model.name << " " << recipe << " " << name;
            }
            EXPECT_FALSE(learning_problem(complete)) << model.name << " " << recipe;
        }
    }
}

TEST(Training, WhatAScheduleNeedsIsSaidAtItsPlace) {
    EXPECT_EQ(
        problems("method: grid\nparameters:\n  model: {value: cnn}\n  schedule: {values: "
                 "[constant, cyclic]}\n"),
        std::vector<std::string>{
            "f:4:33: parameters.schedule.values[1]: schedule cyclic needs max_learning_rate above "
            "learning_rate: it moves between them"}
    );
    EXPECT_EQ(
        problems(
            "method: grid\nparameters:\n  model: {value: cnn}\n  milestones: {value: [30, x]}\n"
        ),
        std::vector<std::string>{
            "f:4:23: parameters.milestones.value: expected an integer from 0 to 1000000000000, "
            "found \"x\""}
    );
}

TEST(Training, AProblemOfTheCombinationIsNamed) {
    const auto with = [](Map given) {
        return training_problem(complete_training_params(given)).value_or("");
    };
    EXPECT_EQ(
        with({{"model", Value{std::string("cn")}}}),
        "model: unknown model \"cn\"; did you mean \"cnn\"?"
    );
    EXPECT_EQ(
        with({{"model", Value{std::string("cnn")}}, {"learning_rate", Value{-1.0}}}),
        "learning_rate: expected a number from 0 to 1000000, found -1.0"
    );
    EXPECT_EQ(
        with({{"model", Value{std::string("lenet_bn")}}, {"dataset", Value{std::string("cifar10")}}}
        ),
        "lenet_bn takes images of 1 channel, not of 3 (cifar10 has 3)"
    );
}

std::string mutated(std::string text, Rng& rng) {
    static constexpr std::string_view kBytes = "[]{}:,-#&*!|>'\"%@`?<\n\t ~0e.\\\xC3\xFF";
    for (std::uint64_t edits = 1 + rng.below(6); edits > 0 && !text.empty(); --edits) {
        const std::size_t at = rng.below(text.size());
        const std::size_t length = std::min<std::size_t>(1 + rng.below(12), text.size() - at);
        switch (rng.below(4)) {
            case 0:
                text.erase(at, length);
                break;
            case 1:
                text.insert(at, 1, kBytes[rng.below(kBytes.size())]);
                break;
            case 2:
                text.insert(rng.below(text.size()), text.substr(at, length));
                break;
            default:
                text[at] = static_cast<char>(rng.next());
                break;
        }
    }
    return text;
}

// Whatever the bytes: a sweep without errors, or errors without a sweep; never a crash or a hang.
TEST(ParseProperty, MutatedFilesNeverCrash) {
    std::vector<std::string> seeds;
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(BW_TEST_DATA) / "sweeps")) {
        if (entry.path().extension() != ".yaml") continue;
        std::ifstream in(entry.path(), std::ios::binary);
        std::ostringstream text;
        text << in.rdbuf();
        seeds.push_back(text.str());
    }
    std::sort(seeds.begin(), seeds.end());
    ASSERT_FALSE(seeds.empty());
    Rng rng(20);
    for (int i = 0; i < 4000; ++i) {
        const std::string text = mutated(seeds[rng.below(seeds.size())], rng);
        const Parsed parsed = parse_sweep(text);
        ASSERT_NE(parsed.sweep.has_value(), has_errors(parsed.diagnostics)) << text;
        ASSERT_LE(parsed.diagnostics.size(), kDiagnosticsMax);
        if (parsed.sweep) {
            ASSERT_TRUE(
                is_searched(*parsed.sweep) || point_count(*parsed.sweep) == 0u ||
                point_at(*parsed.sweep, 0)
            ) << text;
        }
    }
}

}  // namespace
}  // namespace bw::sweeps
