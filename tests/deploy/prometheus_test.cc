#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include "tests/deploy/expression.h"
#include "tests/metrics/promtool.h"

namespace bw::tests {
namespace {

namespace fs = std::filesystem;
using testing::IsEmpty;

const fs::path kFolder = fs::path(BW_SOURCE_DIR) / "deploy/prometheus";

TEST(Alerts, AskOnlyForWhatIsExported) {
    const YAML::Node file = YAML::LoadFile(kFolder / "alerts.yml");
    int rules = 0;
    for (const YAML::Node& group : file["groups"]) {
        for (const YAML::Node& rule : group["rules"]) {
            const auto text = rule["expr"].as<std::string>();
            EXPECT_THAT(problems_of(read_expression(text)), IsEmpty()) << text;
            ++rules;
        }
    }
    EXPECT_GE(rules, 10);
}

TEST(Alerts, EachSaysWhatItMeansAndHowBadItIs) {
    const std::set<std::string> severities{"critical", "warning"};
    const YAML::Node file = YAML::LoadFile(kFolder / "alerts.yml");
    for (const YAML::Node& group : file["groups"]) {
        for (const YAML::Node& rule : group["rules"]) {
            const auto name = rule["alert"].as<std::string>();
            EXPECT_TRUE(name.starts_with("Batchwright")) << name;
            EXPECT_TRUE(severities.contains(rule["labels"]["severity"].as<std::string>())) << name;
            EXPECT_FALSE(rule["annotations"]["summary"].as<std::string>().empty()) << name;
        }
    }
}

TEST(Alerts, EachHasATestOfFiringAndOneOfStayingQuiet) {
    std::set<std::string> tested;
    const YAML::Node tests = YAML::LoadFile(BW_SOURCE_DIR "/tests/deploy/alerts_test.yml");
    for (const YAML::Node& test : tests["tests"]) {
        const YAML::Node rule = test["alert_rule_test"][0];
        const bool fires = rule["exp_alerts"].size() > 0;
        tested.insert(rule["alertname"].as<std::string>() + (fires ? " fires" : " is quiet"));
    }
    const YAML::Node file = YAML::LoadFile(kFolder / "alerts.yml");
    for (const YAML::Node& group : file["groups"]) {
        for (const YAML::Node& rule : group["rules"]) {
            const auto name = rule["alert"].as<std::string>();
            EXPECT_TRUE(tested.contains(name + " fires")) << name;
            EXPECT_TRUE(tested.contains(name + " is quiet")) << name;
        }
    }
}

// Without honor_labels our label `job` becomes `exported_job`, and no panel finds anything.
TEST(PrometheusConfig, KeepsOurLabelsAndShowsTheToken) {
    const YAML::Node file = YAML::LoadFile(kFolder / "prometheus.yml");
    ASSERT_EQ(file["scrape_configs"].size(), 2u);
    for (const YAML::Node& scrape : file["scrape_configs"]) {
        EXPECT_TRUE(scrape["honor_labels"].as<bool>());
        EXPECT_EQ(scrape["authorization"]["credentials_file"].as<std::string>(), "token");
    }
    const YAML::Node discovery = file["scrape_configs"][1]["http_sd_configs"][0];
    EXPECT_TRUE(discovery["url"].as<std::string>().ends_with("/sd"));
    EXPECT_EQ(discovery["authorization"]["credentials_file"].as<std::string>(), "token");
    // Prometheus 2.42 gives discovery no default type: it sent `Authorization: TOKEN`.
    EXPECT_EQ(discovery["authorization"]["type"].as<std::string>(), "Bearer");
}

// In docs/monitoring.md, as `code`; a bar in a table is written \|.
std::vector<std::string> documented_queries() {
    std::vector<std::string> queries;
    std::ifstream page(BW_SOURCE_DIR "/docs/monitoring.md");
    const std::regex code("`([^`]*batchwright_[^`]*[)}])`");
    for (std::string line; std::getline(page, line);) {
        for (std::sregex_iterator it(line.begin(), line.end(), code), end; it != end; ++it)
            queries.push_back(std::regex_replace((*it)[1].str(), std::regex(R"(\\\|)"), "|"));
    }
    return queries;
}

TEST(Documentation, ItsQueriesAskOnlyForWhatIsExported) {
    EXPECT_GE(documented_queries().size(), 5U);
    for (const std::string& text : documented_queries())
        EXPECT_THAT(problems_of(read_expression(text)), IsEmpty()) << text;
}

class PrometheusPromtool : public PromtoolTest {};

TEST_F(PrometheusPromtool, AcceptsTheConfigurationAndTheRules) {
    for (const char* name : {"prometheus.yml", "alerts.yml"}) {
        fs::copy_file(kFolder / name, folder / name);
    }
    write("token", "secret\n");
    const Verdict verdict = promtool("check config " + (folder / "prometheus.yml").string());
    EXPECT_EQ(verdict.status, 0) << verdict.said;
}

TEST_F(PrometheusPromtool, TheDocumentedQueriesArePromQl) {
    std::string rules = "groups:\n  - name: documented\n    rules:\n";
    for (const std::string& text : documented_queries())
        rules += "      - record: a:query\n        expr: '" + text + "'\n";
    const Verdict verdict = promtool("check rules " + write("rules.yml", rules).string());
    EXPECT_EQ(verdict.status, 0) << verdict.said;
}

TEST_F(PrometheusPromtool, EveryAlertFiresAndStaysQuietAsItShould) {
    const Verdict verdict = promtool("test rules " BW_SOURCE_DIR "/tests/deploy/alerts_test.yml");
    EXPECT_EQ(verdict.status, 0) << verdict.said;
}

}  // namespace
}  // namespace bw::tests
