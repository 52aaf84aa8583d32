#include "sweeps/points.h"

#include <map>
#include <set>

#include <gtest/gtest.h>

#include "base/rng.h"
#include "sweeps/parse.h"

namespace bw::sweeps {
namespace {

Sweep parsed(const std::string& text) {
    Parsed result = parse_sweep(text);
    EXPECT_TRUE(result.sweep
    ) << (result.diagnostics.empty() ? "" : render(result.diagnostics[0], "f"));
    return result.sweep ? *result.sweep : Sweep{};
}

std::string params_json(const Sweep& sweep, std::uint64_t ordinal) {
    const auto point = point_at(sweep, ordinal);
    return point ? to_json(Value{point->params}) : "none";
}

constexpr const char* kGrid = R"(
program: x.py
method: grid
parameters:
  b: {values: [1, 2]}
  a: {parameters: {y: {values: [3, 4]}, x: {min: 5, max: 6}}}
)";

TEST(Points, TheLastAxisIsFastestAndAxesAreSortedAtEachLevel) {
    const Sweep sweep = parsed(kGrid);
    EXPECT_EQ(point_count(sweep), 8u);
    EXPECT_EQ(params_json(sweep, 0), R"({"a":{"x":5,"y":3},"b":1})");
    EXPECT_EQ(params_json(sweep, 1), R"({"a":{"x":5,"y":3},"b":2})");
    EXPECT_EQ(params_json(sweep, 2), R"({"a":{"x":5,"y":4},"b":1})");
    EXPECT_EQ(params_json(sweep, 7), R"({"a":{"x":6,"y":4},"b":2})");
    EXPECT_EQ(params_json(sweep, 8), "none");
}

TEST(Points, EqualValuesAreOnePointAndTheLastSpellingIsShown) {
    const Sweep sweep = parsed(
        "program: x\nmethod: grid\nparameters: {a: {values: [1, 1.0, true, '1', {p: 1, q: 2}, {q: "
        "2, p: 1}]}}"
    );
    ASSERT_EQ(point_count(sweep), 4u);
    EXPECT_EQ(params_json(sweep, 0), R"({"a":1.0})");
    EXPECT_EQ(params_json(sweep, 1), R"({"a":true})");
    EXPECT_EQ(params_json(sweep, 2), R"({"a":"1"})");
    EXPECT_EQ(params_json(sweep, 3), R"({"a":{"q":2,"p":1}})");
}

TEST(Points, RunCapCutsAGridAndBoundsARandomSearch) {
    EXPECT_EQ(point_count(parsed(std::string(kGrid) + "run_cap: 3\n")), 3u);
    EXPECT_EQ(point_count(parsed(std::string(kGrid) + "run_cap: 300\n")), 8u);
    const std::string random =
        "program: x\nmethod: random\nparameters: {a: {min: 0.0, max: 1.0}}\n";
    EXPECT_EQ(point_count(parsed(random)), std::nullopt);
    EXPECT_EQ(point_count(parsed(random + "run_cap: 5\n")), 5u);
}

TEST(Points, AHugeGridStreamsWithoutBeingHeld) {
    const Sweep sweep = parsed(
        "program: x\nmethod: grid\nparameters: {a: {min: 1, max: 3000000000}, b: {min: 0, max: "
        "2999999999}, c: {min: 0, max: 9}}"
    );
    EXPECT_EQ(point_count(sweep), std::numeric_limits<std::uint64_t>::max());
    EXPECT_EQ(
        params_json(sweep, 9'999'999'999'999'999'999ull), R"({"a":333333334,"b":999999999,"c":9})"
    );
}

TEST(Points, ARandomPointDependsOnSeedOrdinalAndNameOnly) {
    const std::string base = "program: x\nmethod: random\nparameters:\n  a: {min: 0.0, max: 1.0}\n";
    const Sweep one = parsed(base);
    const Sweep two = parsed(base + "  b: {min: 0.0, max: 1.0}\n");
    for (std::uint64_t i = 0; i < 50; ++i) {
        const Point first = *point_at(one, i);
        EXPECT_EQ(*find_value(first.params, "a"), *find_value(point_at(two, i)->params, "a"));
        EXPECT_NE(
            *find_value(point_at(two, i)->params, "a"), *find_value(point_at(two, i)->params, "b")
        );
        EXPECT_EQ(first.hash, point_at(one, i)->hash);
    }
    EXPECT_NE(params_json(one, 0), params_json(one, 1));
    EXPECT_NE(params_json(one, 0), params_json(parsed(base + "batchwright: {seed: 1}\n"), 0));
}

TEST(Points, QuantisedDrawsSettleToTheTrainersTypes) {
    const Sweep sweep = parsed(
        "method: random\nparameters: {model: {value: cnn}, batch_size: {distribution: q_uniform, "
        "min: 32, max: 128, "
        "q: 32.0}, learning_rate: {values: [1, 2]}}"
    );
    for (std::uint64_t i = 0; i < 20; ++i) {
        const Point point = *point_at(sweep, i);
        EXPECT_TRUE(
            std::holds_alternative<std::int64_t>(find_value(point.params, "batch_size")->data)
        );
        EXPECT_TRUE(std::holds_alternative<double>(find_value(point.params, "learning_rate")->data)
        );
    }
}

// A random space of small axes: its points are all different, as many as the product says, and each
// is a pure function of its ordinal.
TEST(PointsProperty, GridPointsAreUniqueCompleteAndPure) {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        Rng rng(seed);
        std::string text = "program: x\nmethod: grid\nparameters:\n";
        std::uint64_t product = 1;
        const std::uint64_t axes = 1 + rng.below(4);
        for (std::uint64_t axis = 0; axis < axes; ++axis) {
            const std::uint64_t size = 1 + rng.below(5);
            product *= size;
            text += "  p" + std::to_string(rng.below(1000)) + "_" + std::to_string(axis) +
                    ": {values: [";
            for (std::uint64_t i = 0; i < size; ++i)
                text += (i > 0 ? ", " : "") + std::to_string(i);
            text += rng.below(2) == 0 ? ", 0]}\n" : "]}\n";  // sometimes a value twice
        }
        const Sweep sweep = parsed(text);
        ASSERT_EQ(point_count(sweep), product) << text;
        std::set<std::string> seen;
        for (std::uint64_t i = 0; i < product; ++i) {
            ASSERT_TRUE(seen.insert(params_json(sweep, i)).second) << text << i;
            ASSERT_EQ(params_json(sweep, i), params_json(sweep, i));
        }
        ASSERT_FALSE(point_at(sweep, product).has_value());
    }
}

}  // namespace

}  // namespace bw::sweeps
