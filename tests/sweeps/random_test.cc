// Random search draws what it says: Kolmogorov-Smirnov and chi-square tests at alpha = 0.001 with a
// fixed seed (the tolerances of the conformance family "statistical").
#include <algorithm>
#include <cmath>
#include <map>

#include <gtest/gtest.h>

#include "base/rng.h"
#include "sweeps/parse.h"
#include "sweeps/points.h"
#include "sweeps/quantile.h"
#include "sweeps/special.h"
#include "sweeps/tooling.h"

namespace bw::sweeps {
namespace {

Sweep random_sweep(const std::string& parameter) {
    const Parsed parsed =
        parse_sweep("program: x\nmethod: random\nparameters: {p: " + parameter + "}\n");
    EXPECT_TRUE(parsed.sweep) << parameter;
    return parsed.sweep ? *parsed.sweep : Sweep{};
}

double number(const Value& value) {
    if (const auto* whole = std::get_if<std::int64_t>(&value.data))
        return static_cast<double>(*whole);
    return std::get<double>(value.data);
}

std::vector<double> draws(const Sweep& sweep, std::uint64_t n) {
    std::vector<double> out;
    for (std::uint64_t i = 0; i < n; ++i)
        out.push_back(number(*find_value(random_params(sweep, i), "p")));
    return out;
}

TEST(RandomSearch, DrawsFollowTheirDistribution) {
    for (const char* parameter : {
             "{distribution: log_normal, mu: 2, sigma: 3}",
             "{distribution: log_uniform_values, min: 5.0, max: 100}",
             "{distribution: inv_log_uniform_values, min: 1e-15, max: 1e+20}",
             "{distribution: log_uniform, min: -9, max: 2}",
             "{distribution: inv_log_uniform, min: -2, max: 6}",
             "{min: 0.0, max: 1.0}",
             "{distribution: normal, mu: 4, sigma: 2}",
             "{distribution: beta, a: 2, b: 5}",
         }) {
        const Sweep sweep = random_sweep(parameter);
        std::vector<double> values = draws(sweep, 4000);
        std::sort(values.begin(), values.end());
        double distance = 0;
        for (std::size_t i = 0; i < values.size(); ++i) {
            const double cdf = cdf_at(sweep.parameters[0], values[i]);
            distance = std::max(distance, std::fabs(cdf - static_cast<double>(i) / 4000));
            distance = std::max(distance, std::fabs(cdf - static_cast<double>(i + 1) / 4000));
        }
        EXPECT_LT(distance, 0.031) << parameter;
    }
}

TEST(RandomSearch, QuantisedDrawsAreMultiplesOfTheirQuantum) {
    for (const auto& [parameter, q] : std::map<std::string, double>{
             {"{distribution: q_uniform, min: 0, max: 100, q: 10}", 10},
             {"{distribution: q_normal, mu: 4, sigma: 2, q: 1}", 1},
             {"{distribution: q_log_normal, mu: 2, sigma: 2, q: 1}", 1},
             {"{distribution: q_log_uniform_values, min: 0.1, max: 100, q: 1}", 1},
             {"{distribution: q_beta, a: 2, b: 5, q: 0.1}", 0.1},
         }) {
        for (const double value : draws(random_sweep(parameter), 1000)) {
            const double multiple = value / q;
            ASSERT_LT(
                std::fabs(multiple - std::round(multiple)),
                1e-9 * std::max(1.0, std::fabs(multiple))
            ) << parameter;
        }
    }
}

TEST(RandomSearch, CategoriesComeWithTheirProbabilities) {
    const Sweep sweep = random_sweep("{values: [0, 1, 2], probabilities: [0.2, 0.3, 0.5]}");
    std::map<double, double> counts;
    for (const double value : draws(sweep, 5000)) counts[value] += 1;
    double chi2 = 0;
    for (const auto& [value, share] : std::map<double, double>{{0, 0.2}, {1, 0.3}, {2, 0.5}}) {
        const double expected = 5000 * share;
        chi2 += (counts[value] - expected) * (counts[value] - expected) / expected;
    }
    EXPECT_LT(chi2, 13.8);
}

TEST(RandomSearch, TenAtOnceAreTenSingleCalls) {
    const std::string sweep =
        "method: random\nparameters: {a: {min: 0.0, max: 1.0}, b: {values: [x, y, z]}}\n";
    const std::string all = next_tool(sweep, "[]", {.compat = Compat::none, .n = 10}).json;
    EXPECT_EQ(all, next_tool(sweep, "[]", {.compat = Compat::none, .n = 10}).json);
    std::string runs;
    std::string singles;
    for (int i = 0; i < 10; ++i) {
        const std::string one = next_tool(sweep, "[" + runs + "]", {}).json;
        singles +=
            (i > 0 ? "," : "") + one.substr(16, one.size() - 18);  // inside of {"suggestions":[ ]}
        runs += i > 0 ? ",{}" : "{}";
    }
    EXPECT_EQ(all, "{\"suggestions\":[" + singles + "]}");
}

TEST(Special, QuantilesInvertTheDistributionFunctions) {
    Rng rng(3);
    for (int i = 0; i < 2000; ++i) {
        const double u = rng.uniform();
        EXPECT_NEAR(normal_cdf(normal_quantile(u)), u, 1e-12 * std::max(1.0, u));
        const double a = 0.2 + 8 * rng.uniform();
        const double b = 0.2 + 8 * rng.uniform();
        EXPECT_NEAR(beta_cdf(a, b, beta_quantile(a, b, u)), u, 1e-9) << a << " " << b;
    }
    EXPECT_EQ(normal_quantile(0.0), -INFINITY);
    EXPECT_TRUE(std::isnan(beta_quantile(0, 1, 0.5)));
}

TEST(ExpandTool, AMillionPointsStreamInPiecesOfBoundedSize) {
    const std::string sweep =
        "method: grid\nparameters: {a: {min: 1, max: 1000}, b: {min: 1, max: 1000}, c: {value: "
        "x}}\n";
    std::size_t bytes = 0;
    std::size_t largest = 0;
    const int code = expand_tool(sweep, {}, [&](std::string_view piece) {
        bytes += piece.size();
        largest = std::max(largest, piece.size());
    });
    EXPECT_EQ(code, 0);
    EXPECT_GT(bytes, 20'000'000u);
    EXPECT_LT(largest, 128u << 10);
}

TEST(ExpandTool, OffsetAndLimitCutTheSameList) {
    const std::string sweep = "method: grid\nparameters: {a: {min: 0, max: 9}}\n";
    const auto expand = [&](const ExpandOptions& options) {
        std::string out;
        expand_tool(sweep, options, [&out](std::string_view piece) { out += piece; });
        return out;
    };
    EXPECT_EQ(expand({.offset = 8}), R"({"points":10,"configs":[{"a":8},{"a":9}]})");
    EXPECT_EQ(expand({.offset = 3, .limit = 1}), R"({"points":10,"configs":[{"a":3}]})");
    EXPECT_EQ(expand({.offset = 30}), R"({"points":10,"configs":[]})");
    EXPECT_EQ(expand({.limit = 0}), R"({"points":10,"configs":[]})");
}

TEST(ExpandTool, RandomSearchNeedsALimitOrACap) {
    const std::string sweep = "method: random\nparameters: {a: {min: 0, max: 9}}\n";
    std::string out;
    EXPECT_EQ(expand_tool(sweep, {}, [&out](std::string_view piece) { out += piece; }), 2);
    EXPECT_NE(out.find("never ends"), std::string::npos);
    out.clear();
    EXPECT_EQ(
        expand_tool(sweep + "run_cap: 2\n", {}, [&out](std::string_view piece) { out += piece; }), 0
    );
    EXPECT_NE(out.find("\"points\":2"), std::string::npos);
}

TEST(SchemaTool, HoldsTheReservedKeyBesideTheOthers) {
    const std::string json = schema_tool().json;
    for (const char* piece :
         {"\"$schema\":\"http://json-schema.org/draft-07/schema#\"",
          "\"batchwright\":{",
          "\"world_size\":{",
          "\"q_log_uniform_values\":{",
          "\"early_terminate\":{"}) {
        EXPECT_NE(json.find(piece), std::string::npos) << piece;
    }
}

TEST(Tools, NeverCrashOnWhatIsNoSweep) {
    for (const char* text :
         {"",
          "[]",
          "3",
          "{",
          "a: [",
          "method: grid",
          "parameters: 3",
          "{\"method\": [1], \"parameters\": {\"a\": 1}}",
          "method: grid\nparameters: {a: {parameters: 3}}",
          "metric: 3\nearly_terminate: 4"}) {
        const double u[] = {0.5};
        EXPECT_EQ(validate_tool(text, Verdict::strict, Show::filled).exit_code, 2) << text;
        EXPECT_EQ(validate_tool(text, Verdict::ours, Show::verdict).exit_code, 2) << text;
        for (const Compat compat : {Compat::none, Compat::wandb}) {
            EXPECT_EQ(quantile_tool(text, u, {}, compat).exit_code, 2) << text;
            EXPECT_EQ(next_tool(text, "[]", {.compat = compat}).exit_code, 2) << text;
            EXPECT_EQ(stop_check_tool(text, "[]", compat).exit_code, 2) << text;
            EXPECT_EQ(describe_tool(text, compat).exit_code, 2) << text;
            EXPECT_EQ(expand_tool(text, {.compat = compat}, [](std::string_view) {}), 2) << text;
        }
        EXPECT_EQ(stop_check_tool(text, "{", Compat::wandb).exit_code, 2) << text;
        command_tool(text, "{}", {});
    }
}

}  // namespace
}  // namespace bw::sweeps
