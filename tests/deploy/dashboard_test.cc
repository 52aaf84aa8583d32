#include <algorithm>
#include <fstream>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <yaml-cpp/yaml.h>

#include "tests/deploy/expression.h"
#include "tests/metrics/promtool.h"

namespace bw::tests {
namespace {

using nlohmann::json;
using testing::IsEmpty;

constexpr const char* kFolder = BW_SOURCE_DIR "/deploy/grafana/provisioning/dashboards/";

struct Query {
    std::string panel, text, legend;
};

json dashboard(const std::string& name) {
    return json::parse(std::ifstream(kFolder + name + ".json"));
}

std::vector<Query> queries_of(const std::string& name) {
    std::vector<Query> all;
    const json page = dashboard(name);
    for (const json& panel : page.at("panels")) {
        for (const json& target : panel.value("targets", json::array())) {
            all.push_back(
                {panel.at("title"), target.at("expr"), target.value("legendFormat", std::string())}
            );
        }
    }
    return all;
}

class Dashboard : public testing::TestWithParam<const char*> {};

TEST_P(Dashboard, AsksOnlyForWhatIsExported) {
    const auto all = queries_of(GetParam());
    EXPECT_GE(all.size(), 10u);
    for (const Query& query : all) {
        const Expression expression = read_expression(query.text);
        EXPECT_THAT(problems_of(expression), IsEmpty()) << query.panel << ": " << query.text;
        EXPECT_THAT(problems_of_legend(query.legend, expression), IsEmpty())
            << query.panel << ": " << query.legend;
    }
}

// The dashboard is of the jobs that are chosen above it, from the queue to the gradient.
TEST_P(Dashboard, EveryQueryTellsJobsApart) {
    for (const Query& query : queries_of(GetParam())) {
        const auto grouping = read_expression(query.text).grouping;
        EXPECT_TRUE(grouping.empty() || std::ranges::count(grouping, "job") > 0)
            << query.panel << ": " << query.text;
    }
}

// A panel that always shows something would hide that nothing is there.
TEST_P(Dashboard, ShowsNothingWhereThereIsNothing) {
    const std::regex makes_up(R"(\bvector\s*\(|\bor\b|\babsent)");
    for (const Query& query : queries_of(GetParam())) {
        EXPECT_FALSE(std::regex_search(query.text, makes_up)) << query.panel << ": " << query.text;
    }
}

TEST_P(Dashboard, ItsVariablesListLabelsThatAreExported) {
    const std::regex call(R"(label_values\((.*), (\w+)\))");
    std::set<std::string> names;
    const json page = dashboard(GetParam());
    for (const json& variable : page.at("templating").at("list")) {
        names.insert(variable.at("name").get<std::string>());
        if (variable.at("type") != "query") continue;
        const auto text = variable.at("query").at("query").get<std::string>();
        std::smatch parts;
        ASSERT_TRUE(std::regex_match(text, parts, call)) << text;
        const std::string by = "sum by (" + parts[2].str() + ") (" + parts[1].str() + ")";
        EXPECT_THAT(problems_of(read_expression(by)), IsEmpty()) << text;
    }
    const std::regex use(R"(\$(\w+))");
    for (const Query& query : queries_of(GetParam())) {
        for (std::sregex_iterator it(query.text.begin(), query.text.end(), use), end; it != end;
             ++it) {
            const std::string name = (*it)[1];
            EXPECT_TRUE(names.contains(name) || name == "__rate_interval") << query.panel << name;
        }
    }
}

TEST_P(Dashboard, PanelsHaveTitlesDescriptionsAndPlacesOfTheirOwn) {
    std::set<int> ids;
    std::set<std::pair<int, int>> taken;
    const json page = dashboard(GetParam());
    for (const json& panel : page.at("panels")) {
        const auto title = panel.at("title").get<std::string>();
        EXPECT_TRUE(ids.insert(panel.at("id").get<int>()).second) << title;
        if (panel.at("type") != "row") {
            EXPECT_FALSE(panel.at("description").get<std::string>().empty()) << title;
            EXPECT_EQ(panel.at("datasource").at("uid"), "${datasource}") << title;
        }
        const json& place = panel.at("gridPos");
        for (int x = place.at("x"); x < place.at("x").get<int>() + place.at("w").get<int>(); ++x) {
            for (int y = place.at("y"); y < place.at("y").get<int>() + place.at("h").get<int>();
                 ++y) {
                EXPECT_TRUE(taken.insert({x, y}).second) << title << " overlaps another panel";
                EXPECT_LT(x, 24) << title;
            }
        }
    }
}

TEST(Dashboards, ProvisioningNamesThisFolder) {
    const std::string folder = BW_SOURCE_DIR "/deploy/grafana/provisioning";
    const YAML::Node provider =
        YAML::LoadFile(folder + "/dashboards/batchwright.yml")["providers"][0];
    EXPECT_EQ(
        provider["options"]["path"].as<std::string>(),
        "$BATCHWRIGHT_GRAFANA/provisioning/dashboards"
    );
    const YAML::Node source =
        YAML::LoadFile(folder + "/datasources/prometheus.yml")["datasources"][0];
    EXPECT_EQ(source["type"].as<std::string>(), "prometheus");
}

class DashboardPromtool : public PromtoolTest, public testing::WithParamInterface<const char*> {};

TEST_P(DashboardPromtool, EveryQueryIsPromQl) {
    std::string rules = "groups:\n  - name: dashboard\n    rules:\n";
    const std::regex interval(R"(\$__rate_interval)");
    int number = 0;
    for (const Query& query : queries_of(GetParam())) {
        rules += "      - record: query:" + std::to_string(number++) +
                 "\n        expr: " + json(std::regex_replace(query.text, interval, "1m")).dump() +
                 "\n";
    }
    const Verdict verdict = promtool("check rules " + write("rules.yml", rules).string());
    EXPECT_EQ(verdict.status, 0) << verdict.said;
    EXPECT_THAT(verdict.said, testing::HasSubstr(std::to_string(number) + " rules found"));
}

INSTANTIATE_TEST_SUITE_P(Shipped, Dashboard, testing::Values("batchwright", "memory"));
INSTANTIATE_TEST_SUITE_P(Shipped, DashboardPromtool, testing::Values("batchwright", "memory"));

}  // namespace
}  // namespace bw::tests
