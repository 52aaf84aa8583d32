// Public W&B sweep files and what W&B's package makes of them. They are other people's and not part
// of this tree: the test is skipped where they are absent.
#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "sweeps/tooling.h"

namespace bw::sweeps {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

fs::path corpus() { return fs::path(BW_SHARED_DIR) / "sweeps" / "corpus"; }

std::string read_file(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

bool same(const ordered_json& a, const ordered_json& b) {
    if (a.is_number_float() != b.is_number_float() || a.is_number() != b.is_number()) return false;
    if (a.is_array() && b.is_array()) {
        return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), same);
    }
    if (!a.is_object() || !b.is_object()) return a == b;
    if (a.size() != b.size()) return false;
    for (const auto& [key, value] : a.items()) {
        if (!b.contains(key) || !same(value, b[key])) return false;
    }
    return true;
}

bool close(double a, double b) { return a == b || std::fabs(a - b) <= 1e-12 + 1e-9 * std::fabs(b); }

struct Expansion {
    int exit_code = 0;
    ordered_json json;
};

Expansion expand(const std::string& text, Compat compat) {
    std::string out;
    const ExpandOptions options{.compat = compat, .limit = 200'000};
    const int code = expand_tool(text, options, [&out](std::string_view piece) { out += piece; });
    return {code, ordered_json::parse(out)};
}

void expect_grid(const std::string& text, const ordered_json& grid, const std::string& file) {
    for (const Compat compat : {Compat::none, Compat::wandb}) {
        const Expansion got = expand(text, compat);
        ASSERT_EQ(got.exit_code, 0) << file << got.json;
        ASSERT_EQ(got.json["points"], grid["points"]) << file;
        const ordered_json& configs = got.json["configs"];
        for (std::size_t i = 0; i < grid["first"].size(); ++i) {
            EXPECT_TRUE(same(configs[i], grid["first"][i]))
                << file << configs[i] << grid["first"][i];
        }
        const ordered_json& last = grid["last"];
        if (configs.size() != grid["points"]) continue;
        for (std::size_t i = 0; i < last.size(); ++i) {
            EXPECT_TRUE(same(configs[configs.size() - last.size() + i], last[i])) << file;
        }
    }
}

void expect_parameter(
    const ordered_json& got, const ordered_json& expect, const std::string& file
) {
    for (const char* key :
         {"name", "distribution", "value", "values", "n", "value_type", "probabilities"}) {
        if (!expect.contains(key)) continue;
        ASSERT_TRUE(got.contains(key)) << file << key << got;
        EXPECT_TRUE(same(got[key], expect[key])) << file << key << got << expect;
    }
    for (const char* key : {"support", "ppf"}) {
        if (!expect.contains(key)) continue;
        ASSERT_EQ(got[key].size(), expect[key].size()) << file << key;
        for (std::size_t i = 0; i < expect[key].size(); ++i) {
            if (!expect[key][i].is_number()) continue;
            EXPECT_TRUE(close(got[key][i].get<double>(), expect[key][i].get<double>()))
                << file << got << expect;
        }
    }
}

void expect_early_terminate(
    const ordered_json& got, const ordered_json& expect, const std::string& file
) {
    for (const auto& [key, value] : expect.items()) {
        if (value.is_null()) continue;
        if (key == "bands") {
            for (std::size_t i = 0; i < value.size(); ++i)
                EXPECT_EQ(got["bands"][i], value[i]) << file;
        } else {
            EXPECT_EQ(got[key], value) << file << key;
        }
    }
}

TEST(Corpus, EveryFileIsReadAsTheOracleSays) {
    if (!fs::exists(corpus() / "oracle.jsonl")) GTEST_SKIP() << "no corpus at " << corpus();
    std::ifstream lines(corpus() / "oracle.jsonl");
    std::size_t files = 0;
    for (std::string line; std::getline(lines, line); ++files) {
        const ordered_json entry = ordered_json::parse(line);
        const std::string file = entry["file"];
        const std::string text = read_file(corpus() / file);
        const ordered_json oracle = entry.contains("sci") ? entry["sci"] : entry["pyyaml"];
        const ordered_json strict =
            ordered_json::parse(validate_tool(text, Verdict::strict, Show::verdict).json);
        EXPECT_EQ(strict["valid"], oracle["strict"]["valid"]) << file;
        EXPECT_EQ(strict["violations"], oracle["strict"]["violations"]) << file;
        const ToolResult described = describe_tool(text, Compat::wandb);
        const ordered_json got = ordered_json::parse(described.json);
        const bool runs = oracle["lenient"]["runs"] == true;
        ASSERT_EQ(described.exit_code == 0, runs) << file << described.json;
        if (!runs) {
            EXPECT_EQ(got["error"], oracle["lenient"]["error"]) << file;
            continue;
        }
        const ordered_json ours = ordered_json::parse(describe_tool(text, Compat::none).json);
        ASSERT_TRUE(ours.contains("parameters")) << file << ours;
        for (const ordered_json* one : {&got, &ours}) {
            ASSERT_EQ((*one)["parameters"].size(), oracle["params"].size()) << file;
            for (std::size_t i = 0; i < oracle["params"].size(); ++i) {
                expect_parameter((*one)["parameters"][i], oracle["params"][i], file);
            }
        }
        if (oracle.contains("early_terminate")) {
            expect_early_terminate(got["early_terminate"], oracle["early_terminate"], file);
        }
        if (!oracle.contains("grid")) continue;
        EXPECT_EQ(got["grid"]["raw_product"], oracle["grid"]["raw_product"]) << file;
        EXPECT_EQ(got["grid"]["axes"], oracle["grid"]["axes"]) << file;
        expect_grid(text, oracle["grid"], file);
    }
    EXPECT_GT(files, 0u);
}

}  // namespace
}  // namespace bw::sweeps
