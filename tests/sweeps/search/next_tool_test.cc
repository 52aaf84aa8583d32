// `batchwright sweep next` with searchers: the Bayesian half of the statistical conformance cases.
#include "sweeps/search/next_tool.h"

#include <cmath>
#include <functional>
#include <map>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace bw::search {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kSeeds = 20;

Json run_at(const Json& params, double loss) {
    Json config = Json::object();
    for (const auto& [name, value] : params.items()) config[name] = {{"value", value}};
    return {{"state", "finished"}, {"config", config}, {"history", {{{"loss", loss}}}}};
}

Json next(const Json& sweep, const Json& runs, std::uint64_t seed, std::uint64_t n = 1) {
    sweeps::NextOptions options;
    options.n = n;
    const auto result = next_tool(sweep.dump(), runs.dump(), options, seed);
    EXPECT_EQ(result.exit_code, 0) << result.json;
    return Json::parse(result.json).at("suggestions");
}

Json sweep_over(const Json& parameters, const char* goal = "minimize") {
    return {
        {"method", "bayes"},
        {"metric", {{"name", "loss"}, {"goal", goal}}},
        {"parameters", parameters}};
}

using Objective = std::function<double(const Json&)>;

// The best value after n further suggestions; of the metric as it is logged.
double best_after(
    const Json& sweep, const std::vector<Json>& start, int n, std::uint64_t seed, const Objective& f
) {
    const bool maximize = sweep["metric"]["goal"] == "maximize";
    Json runs = Json::array();
    double best = maximize ? -INFINITY : INFINITY;
    const auto evaluate = [&](const Json& params) {
        const double value = f(params);
        best = maximize ? std::max(best, value) : std::min(best, value);
        runs.push_back(run_at(params, value));
    };
    for (const Json& params : start) evaluate(params);
    for (int i = 0; i < n; ++i) evaluate(next(sweep, runs, seed).front());
    return best;
}

double squiggle(double x) {
    return std::exp(-(x - 2) * (x - 2)) + std::exp(-(x - 6) * (x - 6) / 10) + 1 / (x * x + 1);
}

TEST(NextTool, BayesFindsTheQuadraticsMinimum) {
    const Json sweep = sweep_over({{"x", {{"min", 0.0}, {"max", 1.0}}}});
    int passed = 0;
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
        const double best =
            best_after(sweep, {{{"x", 0.0}}, {{"x", 1.0}}}, 6, seed, [](const Json& p) {
                return std::pow(p["x"].get<double>() - 0.3, 2);
            });
        if (best <= 0.001) ++passed;
    }
    EXPECT_GE(passed, 19);
}

TEST(NextTool, BayesFindsTheSquigglesMaximum) {
    const Json sweep = sweep_over({{"x", {{"min", 0.0}, {"max", 5.0}}}}, "maximize");
    int passed = 0;
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
        const double best =
            best_after(sweep, {{{"x", 0.0}}, {{"x", 5.0}}}, 8, seed, [](const Json& p) {
                return squiggle(p["x"].get<double>());
            });
        if (best >= 1.3) ++passed;
    }
    EXPECT_GE(passed, 18);
}

TEST(NextTool, PendingRunsAreAvoided) {
    const Json sweep = sweep_over({{"x", {{"min", 0.0}, {"max", 1.0}}}});
    Json runs = Json::array();
    for (const double x : {0.0, 0.25, 0.5, 0.75, 1.0}) runs.push_back(run_at({{"x", x}}, x * x));
    for (const char* state : {"running", "pending", "preempting"}) {
        const double taken = next(sweep, runs, 7).front()["x"].get<double>();
        runs.push_back({{"state", state}, {"config", {{"x", {{"value", taken}}}}}});
        EXPECT_GT(std::fabs(next(sweep, runs, 7).front()["x"].get<double>() - taken), 1e-6);
    }
}

TEST(NextTool, EqualResultsSayNothingSoSuggestionsStaySpread) {
    const Json sweep = sweep_over({{"x", {{"min", 0.0}, {"max", 1.0}}}});
    Json runs = Json::array();
    std::vector<double> drawn;
    for (int i = 0; i < 100; ++i) {
        const Json params = next(sweep, runs, 3).front();
        drawn.push_back(params["x"].get<double>());
        runs.push_back(run_at(params, 1.0));
    }
    std::sort(drawn.begin(), drawn.end());
    double distance = 0;
    for (std::size_t i = 0; i < drawn.size(); ++i) {
        distance = std::max(distance, std::fabs(static_cast<double>(i + 1) / 100 - drawn[i]));
        distance = std::max(distance, std::fabs(static_cast<double>(i) / 100 - drawn[i]));
    }
    EXPECT_LE(distance, 0.195);
}

TEST(NextTool, MaximisingIsMinimisingTheMirrorImage) {
    const Json space = {{"x", {{"min", 0.0}, {"max", 1.0}}}, {"c", {{"values", {"a", "b"}}}}};
    Json low = Json::array(), high = Json::array();
    for (int i = 0; i < 12; ++i) {
        const Json params = {{"x", i / 11.0}, {"c", i % 2 == 0 ? "a" : "b"}};
        const double loss = std::cos(3.0 * i);
        low.push_back(run_at(params, loss));
        high.push_back(run_at(params, -loss));
    }
    EXPECT_EQ(next(sweep_over(space), low, 5, 3), next(sweep_over(space, "maximize"), high, 5, 3));
}

TEST(NextTool, OneCallForTenIsTenPendingOnes) {
    const Json sweep = sweep_over({{"x", {{"min", 0.0}, {"max", 1.0}}}});
    const Json runs = {run_at({{"x", 0.1}}, 1.0), run_at({{"x", 0.9}}, 2.0)};
    const Json ten = next(sweep, runs, 1, 10);
    EXPECT_EQ(ten.size(), 10u);
    EXPECT_EQ(ten, next(sweep, runs, 1, 10));
    EXPECT_NE(ten, next(sweep, runs, 2, 10));
}

TEST(NextTool, GridsAreAnsweredAsBefore) {
    const Json grid = {{"method", "grid"}, {"parameters", {{"a", {{"values", {1, 2}}}}}}};
    const auto result = next_tool(grid.dump(), "[]", {.n = 3});
    EXPECT_EQ(Json::parse(result.json)["suggestions"].dump(), R"([{"a":1},{"a":2},null])");
}

}  // namespace
}  // namespace bw::search
