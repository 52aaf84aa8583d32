// The conformance cases: inputs and expectations restated from W&B's tests, computed with its
// package. Each family is checked through the functions that the command line prints.
#include <cmath>
#include <fstream>
#include <set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "sweeps/tooling.h"

namespace bw::sweeps {
namespace {

using nlohmann::ordered_json;

// The cases of a family.
ordered_json family(const std::string& name) {
    std::ifstream in(std::string(BW_TEST_DATA) + "/sweeps/conformance/" + name + ".json");
    EXPECT_TRUE(in) << name;
    ordered_json cases = ordered_json::parse(in)["cases"];
    EXPECT_FALSE(cases.empty()) << name;
    return cases;
}

// JSON numbers keep their type: 1 and 1.0 differ, and so do true and 1. Maps are equal whatever the
// order.
bool same(const ordered_json& a, const ordered_json& b) {
    if (a.is_number_float() != b.is_number_float() || a.is_number() != b.is_number()) return false;
    if (a.is_array() && b.is_array()) {
        return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), same);
    }
    if (a.is_object() && b.is_object()) {
        if (a.size() != b.size()) return false;
        for (const auto& [key, value] : a.items()) {
            if (!b.contains(key) || !same(value, b[key])) return false;
        }
        return true;
    }
    return a == b;
}

double number(const ordered_json& value) {
    if (value == "inf") return INFINITY;
    if (value == "-inf") return -INFINITY;
    return value.get<double>();
}

bool close(double a, double b) { return a == b || std::fabs(a - b) <= 1e-12 + 1e-9 * std::fabs(b); }

struct Expansion {
    int exit_code = 0;
    ordered_json json;
};

Expansion expand(const std::string& text, Compat compat) {
    std::string out;
    const int code =
        expand_tool(text, {.compat = compat}, [&out](std::string_view piece) { out += piece; });
    return {code, ordered_json::parse(out)};
}

TEST(Conformance, Validate) {
    for (const auto& one : family("validate")) {
        const ToolResult result =
            validate_tool(one["config"].dump(), Verdict::strict, Show::verdict);
        const ordered_json got = ordered_json::parse(result.json);
        const ordered_json& expect = one["expect"];
        EXPECT_EQ(got["valid"], expect["valid"]) << one["id"];
        EXPECT_EQ(result.exit_code, expect["valid"] == true ? 0 : 2) << one["id"];
        if (expect.contains("violations")) {
            EXPECT_EQ(got["violations"], expect["violations"]) << one["id"];
        }
        if (expect.contains("raises")) {
            EXPECT_EQ(got["raises"], expect["raises"]) << one["id"];
        }
    }
}

TEST(Conformance, Infer) {
    for (const auto& one : family("infer")) {
        const ordered_json config = {
            {"method", "random"}, {"parameters", {{"p", one["parameter"]}}}};
        const ToolResult result = validate_tool(config.dump(), Verdict::ours, Show::filled);
        const ordered_json got = ordered_json::parse(result.json);
        const ordered_json& expect = one["expect"];
        if (expect.contains("error")) {
            EXPECT_EQ(got["error"], expect["error"]) << one["id"];
            EXPECT_EQ(result.exit_code, 2) << one["id"];
            continue;
        }
        EXPECT_TRUE(same(got["parameters"]["p"], expect)) << one["id"] << result.json;
        EXPECT_EQ(result.exit_code, 0) << one["id"] << result.json;
    }
}

TEST(Conformance, Quantile) {
    for (const auto& one : family("quantile")) {
        const ordered_json config = {
            {"method", "random"}, {"parameters", {{"p", one["parameter"]}}}};
        const bool by_index = one.contains("cdf_index");
        const ordered_json places =
            by_index ? one["cdf_index"] : one.value("cdf_x", ordered_json::array());
        const auto u = one["u"].get<std::vector<double>>();
        const auto x = places.get<std::vector<double>>();
        for (const Compat compat : {Compat::none, Compat::wandb}) {
            const ordered_json got =
                ordered_json::parse(quantile_tool(config.dump(), u, x, compat).json);
            const ordered_json& expect = one["expect"];
            ASSERT_EQ(got["value"].size(), expect["value"].size()) << one["id"] << got;
            for (std::size_t i = 0; i < u.size(); ++i) {
                const ordered_json& value = got["value"][i];
                const ordered_json& wanted = expect["value"][i];
                if (!wanted.is_number()) {
                    EXPECT_EQ(value, wanted) << one["id"];
                    continue;
                }
                EXPECT_EQ(value.is_number_integer(), wanted.is_number_integer())
                    << one["id"] << " at " << u[i];
                EXPECT_TRUE(close(number(value), number(wanted)))
                    << one["id"] << " at " << u[i] << ": " << value;
            }
            for (std::size_t i = 0; expect.contains("cdf") && i < x.size(); ++i) {
                EXPECT_TRUE(close(number(got["cdf"][i]), number(expect["cdf"][i])))
                    << one["id"] << " at " << x[i];
            }
        }
    }
}

TEST(Conformance, Expand) {
    for (const auto& one : family("expand")) {
        for (const Compat compat : {Compat::none, Compat::wandb}) {
            const Expansion got = expand(one["config"].dump(), compat);
            const ordered_json& expect = one["expect"];
            ASSERT_EQ(got.exit_code, 0) << one["id"] << got.json;
            EXPECT_EQ(got.json["points"], expect["points"]) << one["id"];
            const ordered_json& configs = got.json["configs"];
            ASSERT_EQ(configs.size(), expect["points"].get<std::size_t>()) << one["id"];
            for (std::size_t i = 0; i < expect["configs"].size(); ++i) {
                EXPECT_TRUE(same(configs[i], expect["configs"][i]))
                    << one["id"] << " " << i << configs[i];
            }
            if (!expect["configs_tail"].is_array()) continue;
            const std::size_t from = configs.size() - expect["configs_tail"].size();
            for (std::size_t i = 0; i < expect["configs_tail"].size(); ++i) {
                EXPECT_TRUE(same(configs[from + i], expect["configs_tail"][i]))
                    << one["id"] << " tail " << i;
            }
        }
    }
}

TEST(Conformance, ExpandErrors) {
    for (const auto& one : family("expand_errors")) {
        for (const Compat compat : {Compat::none, Compat::wandb}) {
            const Expansion got = expand(one["config"].dump(), compat);
            EXPECT_EQ(got.exit_code, 2) << one["id"];
            EXPECT_EQ(got.json["wandb_error"], one["expect"]["error"]) << one["id"];
            EXPECT_NE(got.json["error"], "") << one["id"];
        }
    }
}

TEST(Conformance, GridNext) {
    for (const auto& one : family("grid_next")) {
        for (const Compat compat : {Compat::none, Compat::wandb}) {
            const ToolResult result = next_tool(
                one["config"].dump(),
                one["runs"].dump(),
                {.compat = compat, .n = one["n"].get<std::uint64_t>()}
            );
            EXPECT_EQ(result.exit_code, 0) << one["id"];
            const ordered_json got = ordered_json::parse(result.json);
            EXPECT_TRUE(same(got["suggestions"], one["expect"]["suggestions"]))
                << one["id"] << result.json;
        }
    }
}

void expect_numbers(const ordered_json& got, const ordered_json& expect, const ordered_json& id) {
    ASSERT_GE(got.size(), expect.size()) << id;
    for (std::size_t i = 0; i < expect.size(); ++i)
        EXPECT_EQ(number(got[i]), number(expect[i])) << id << " " << i;
}

TEST(Conformance, StopCheck) {
    for (const auto& one : family("stop_check")) {
        const ToolResult result =
            stop_check_tool(one["config"].dump(), one["runs"].dump(), Compat::wandb);
        const ordered_json got = ordered_json::parse(result.json);
        const ordered_json& expect = one["expect"];
        if (expect.contains("error")) {
            EXPECT_EQ(result.exit_code, 2) << one["id"];
            EXPECT_EQ(got["error"], expect["error"]) << one["id"];
            EXPECT_EQ(got["wandb_error_type"], expect["error_type"]) << one["id"];
            continue;
        }
        ASSERT_EQ(result.exit_code, 0) << one["id"] << result.json;
        EXPECT_EQ(got["stop"], expect["stop"]) << one["id"];
        EXPECT_TRUE(same(got["filled"], expect["filled"])) << one["id"] << result.json;
        EXPECT_TRUE(same(got["metric"], expect["metric"])) << one["id"] << result.json;
        if (!expect.contains("bands")) continue;
        EXPECT_EQ(got["bands_total"], expect["bands_total"]) << one["id"];
        expect_numbers(got["bands"], expect["bands"], one["id"]);
        expect_numbers(got["thresholds"], expect["thresholds"], one["id"]);
    }
}

TEST(Conformance, StopCheckRefusesByDefaultWhatWouldSurprise) {
    for (const auto& one : family("stop_check")) {
        if (one["id"] != "bad_goal_becomes_minimize") continue;
        const ToolResult result =
            stop_check_tool(one["config"].dump(), one["runs"].dump(), Compat::none);
        EXPECT_EQ(result.exit_code, 2);
        EXPECT_NE(result.json.find(R"(did you mean \"minimize\"?)"), std::string::npos)
            << result.json;
    }
}

TEST(Conformance, StopCheckOnRealCurves) {
    std::ifstream in(std::string(BW_TEST_DATA) + "/sweeps/conformance/stop_check_curves.json");
    const ordered_json curves = ordered_json::parse(in);
    for (const auto& one : family("stop_check_extensive")) {
        std::set<std::string> stopped;
        for (const auto& step : one["expect"]["steps"]) {
            ordered_json runs = ordered_json::array();
            for (std::size_t i = 0; i < curves.size(); ++i) {
                if (stopped.contains(std::to_string(i))) continue;
                const std::size_t cut = step["history_cut"].is_null()
                                            ? curves[i].size()
                                            : step["history_cut"].get<std::size_t>();
                ordered_json history = ordered_json::array();
                for (std::size_t k = 0; k < std::min(cut, curves[i].size()); ++k)
                    history.push_back({{"metric", curves[i][k]}});
                runs.push_back(
                    {{"name", std::to_string(i)}, {"state", "running"}, {"history", history}}
                );
            }
            EXPECT_EQ(runs.size(), step["alive"]) << one["id"];
            const ToolResult result =
                stop_check_tool(one["config"].dump(), runs.dump(), Compat::none);
            const ordered_json got = ordered_json::parse(result.json);
            ASSERT_EQ(got["stop"], step["stop"]) << one["id"];
            for (const auto& name : got["stop"]) stopped.insert(name.get<std::string>());
        }
        EXPECT_EQ(stopped.size(), one["expect"]["total_stopped"]) << one["id"];
    }
}

TEST(Conformance, Command) {
    for (const auto& one : family("command")) {
        ordered_json config = {{"method", "grid"}, {"program", one["program"]}};
        if (!one["command"].is_null()) config["command"] = one["command"];
        CommandOptions options{.compat = Compat::wandb};
        const ordered_json environment = one["env"];
        options.environment = [&environment](std::string_view name) -> std::optional<std::string> {
            const auto found = environment.find(std::string(name));
            return found == environment.end() ? std::nullopt
                                              : std::optional(found->get<std::string>());
        };
        const ToolResult result = command_tool(config.dump(), one["args"].dump(), options);
        EXPECT_EQ(ordered_json::parse(result.json)["argv"], one["expect"]["argv"]) << one["id"];
    }
}

TEST(Conformance, BayesData) {
    for (const auto& one : family("bayes_data")) {
        const ToolResult result = next_tool(
            one["config"].dump(),
            one["runs"].dump(),
            {.compat = Compat::wandb, .n = 1, .explain = NextOptions::Explain::yes}
        );
        const ordered_json got = ordered_json::parse(result.json);
        const ordered_json& expect = one["expect"];
        ASSERT_EQ(result.exit_code, 0) << one["id"] << result.json;
        EXPECT_EQ(got["param_order"], expect["param_order"]) << one["id"];
        EXPECT_EQ(got["warnings"], expect["warnings"]) << one["id"];
        for (const char* rows : {"observed_X", "pending_X"}) {
            ASSERT_EQ(got[rows].size(), expect[rows].size()) << one["id"] << rows;
            for (std::size_t i = 0; i < expect[rows].size(); ++i) {
                for (std::size_t k = 0; k < expect[rows][i].size(); ++k) {
                    EXPECT_TRUE(close(number(got[rows][i][k]), number(expect[rows][i][k])))
                        << one["id"] << rows << i;
                }
            }
        }
        expect_numbers(got["observed_y_minimise"], expect["observed_y_minimise"], one["id"]);
    }
}

}  // namespace
}  // namespace bw::sweeps
