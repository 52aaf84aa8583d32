// What batchwright: adds to a search space: include, exclude, explicit points, order, replicas,
// per-model rules.
#include <set>

#include <gmock/gmock.h>

#include "sweeps/parse.h"
#include "sweeps/points.h"

namespace bw::sweeps {
namespace {

using testing::HasSubstr;

std::string text_with(const std::string& options) {
    return "method: grid\nparameters:\n  model: {values: [cnn, lenet_bn]}\n"
           "  seed: {values: [1, 2, 3]}\nbatchwright:\n  seed: 5\n" +
           options;
}

Sweep parsed(const std::string& text) {
    Parsed result = parse_sweep(text);
    std::string problems;
    for (const Diagnostic& one : result.diagnostics) problems += one.message + "\n";
    EXPECT_TRUE(result.sweep.has_value()) << problems;
    return result.sweep.value_or(Sweep{});
}

std::string complaint(const std::string& text) {
    const Parsed result = parse_sweep(text);
    EXPECT_FALSE(result.sweep.has_value());
    std::string problems;
    for (const Diagnostic& one : result.diagnostics)
        problems += one.path + ": " + one.message + "\n";
    return problems;
}

std::string shown(const Point& point) {
    std::string text;
    for (const char* name : {"model", "seed", "batch_size", "num_epochs"})
        text += (text.empty() ? "" : " ") + to_json(*find_value(point.params, name));
    return text;
}

std::vector<std::string> points_of(const Sweep& sweep) {
    std::vector<std::string> points;
    for (std::uint64_t i = 0; const auto point = point_at(sweep, i); ++i)
        points.push_back(shown(*point));
    EXPECT_EQ(point_count(sweep), points.size());
    return points;
}

TEST(Matrix, ExcludedPointsAreLeftOut) {
    const Sweep sweep =
        parsed(text_with("  exclude: [{model: cnn, seed: 2}, {model: lenet_bn}]\n"));
    EXPECT_THAT(points_of(sweep), testing::ElementsAre("\"cnn\" 1 128 10", "\"cnn\" 3 128 10"));
}

TEST(Matrix, AnIncludeThatContradictsNothingIsAddedAndAnotherIsAPointOfItsOwn) {
    const Sweep sweep = parsed(text_with(
        "  exclude: [{model: lenet_bn}]\n"
        "  include: [{seed: 3, num_epochs: 4}, {batch_size: 64}, {model: lenet_bn, seed: 9}]\n"
    ));
    EXPECT_THAT(
        points_of(sweep),
        testing::ElementsAre(
            "\"cnn\" 1 64 10", "\"cnn\" 2 64 10", "\"cnn\" 3 64 4", "\"lenet_bn\" 9 128 10"
        )
    );
}

TEST(Matrix, WhatCanNeverMatchIsAnError) {
    EXPECT_THAT(
        complaint(text_with("  exclude: [{seed: 7}]\n")),
        HasSubstr("batchwright.exclude[0]: seed is never 7, so it excludes nothing")
    );
    EXPECT_THAT(
        complaint(text_with("  exclude: [{sede: 1}]\n")),
        HasSubstr("there is no parameter \"sede\"")
    );
}

TEST(Matrix, AnExclusionFromAMillionPointsCostsOneLookUpPerPoint) {
    const Sweep sweep = parsed(
        "method: grid\nparameters:\n  model: {value: cnn}\n"
        "  seed: {min: 0, max: 999}\n  max_steps: {min: 0, max: 999}\n"
        "batchwright: {exclude: [{seed: 500}, {max_steps: 3}]}\n"
    );
    EXPECT_EQ(point_count(sweep), 999u * 999u);
    std::set<std::string> hashes;
    for (std::uint64_t i = 0; i < 999u * 999u; i += 997) {
        const Point point = *point_at(sweep, i);
        EXPECT_NE(*find_value(point.params, "seed"), Value{std::int64_t{500}});
        EXPECT_NE(*find_value(point.params, "max_steps"), Value{std::int64_t{3}});
        EXPECT_TRUE(hashes.insert(point.hash).second);
    }
}

TEST(Order, RandomIsAPermutationBySeed) {
    const auto sorted = points_of(parsed(text_with("")));
    const auto random = points_of(parsed(text_with("  order: random\n")));
    EXPECT_NE(random, sorted);
    EXPECT_THAT(random, testing::UnorderedElementsAreArray(sorted));
    EXPECT_EQ(random, points_of(parsed(text_with("  order: random\n"))));
}

TEST(Order, FileOrderLetsTheLastAxisOfTheFileChangeFastest) {
    const std::string text =
        "method: grid\nparameters:\n  seed: {values: [1, 2]}\n  model: {values: [cnn, lenet_bn]}\n";
    EXPECT_EQ(points_of(parsed(text))[1], "\"cnn\" 2 128 10");
    EXPECT_EQ(points_of(parsed(text + "batchwright: {order: file}\n"))[1], "\"lenet_bn\" 1 128 10");
}

TEST(Replicas, EveryPointRunsWithSoManySeeds) {
    const Sweep sweep = parsed(
        "method: grid\nparameters:\n  model: {values: [cnn, lenet_bn]}\n  seed: {value: 7}\n"
        "batchwright: {replicas: {count: 2, aggregate: median}}\n"
    );
    EXPECT_THAT(
        points_of(sweep),
        testing::ElementsAre(
            "\"cnn\" 7 128 10", "\"cnn\" 8 128 10", "\"lenet_bn\" 7 128 10", "\"lenet_bn\" 8 128 10"
        )
    );
    EXPECT_THAT(
        complaint(text_with("  replicas: 2\n")), HasSubstr("seed is searched, so replicas cannot")
    );
}

TEST(ExplicitPoints, ComeFirstWithTheFilesConstants) {
    const Sweep sweep = parsed(
        "method: random\nrun_cap: 3\nparameters:\n  model: {value: cnn}\n"
        "  batch_size: {values: [32, 64]}\nbatchwright: {points: [{batch_size: 256, seed: 4}]}\n"
    );
    const auto points = points_of(sweep);
    ASSERT_EQ(points.size(), 3u);
    EXPECT_EQ(points[0], "\"cnn\" 4 256 10");
}

TEST(PerModel, ItsRulesHoldForItsPointsOnly) {
    const Sweep sweep =
        parsed(text_with("  per_model: {lenet_bn: {batch_size: 32, world_size: 2}}\n"));
    const auto points = points_of(sweep);
    EXPECT_EQ(points[0], "\"cnn\" 1 128 10");
    EXPECT_EQ(points[3], "\"lenet_bn\" 1 32 10");
    EXPECT_EQ(world_size_for(sweep, "lenet_bn"), 2);
    EXPECT_EQ(world_size_for(sweep, "cnn"), std::nullopt);
}

TEST(SearchOptions, WhatIsWrongIsSaidWithItsPlace) {
    EXPECT_THAT(
        complaint(text_with("  sampler: tpee\n")),
        HasSubstr("batchwright.sampler: expected random, sobol, tpe or gp, found \"tpee\"")
    );
    EXPECT_THAT(
        complaint(text_with("  stopper: {type: asha, min_iter: 3, max_iter: 2}\n")),
        HasSubstr("batchwright.stopper.max_iter: expected more than min_iter, 3")
    );
    EXPECT_THAT(
        complaint(text_with("  stopper: {type: median, eta: 2}\n")),
        HasSubstr("batchwright.stopper.eta: unknown key")
    );
    EXPECT_THAT(
        complaint(
            "metric: {name: val_loss}\nearly_terminate: {type: hyperband, min_iter: 1}\n" +
            text_with("")
        ),
        HasSubstr("the built-in trainer does not measure \"val_loss\"")
    );
    EXPECT_THAT(
        complaint(text_with("  stopper: {type: patience}\n")),
        HasSubstr("required key metric is missing: stopping early needs one")
    );
}

TEST(SearchOptions, LimitsAreNoPartOfTheIdentity) {
    const std::string plain = parsed(text_with("")).fingerprint;
    EXPECT_EQ(parsed(text_with("  budget: {jobs: 3, device_hours: 2}\n")).fingerprint, plain);
    EXPECT_EQ(parsed(text_with("  max_failures: 3\n")).fingerprint, plain);
    EXPECT_NE(parsed(text_with("  order: random\n")).fingerprint, plain);
}

}  // namespace
}  // namespace bw::sweeps
