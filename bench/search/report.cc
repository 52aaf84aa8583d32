#include "bench/search/report.h"

#include <array>

#include <fmt/format.h>

namespace bw::bench {
namespace {

std::string cell(const std::vector<double>& finals) {
    return fmt::format(
        "{:.3g} [{:.2g}, {:.2g}]",
        quantile(finals, 0.5),
        quantile(finals, 0.25),
        quantile(finals, 0.75)
    );
}

constexpr std::array<const char*, 6> kAnchors = {
    "random", "sobol", "tpe_univariate", "tpe_default", "sweeps_bayes", "gp"};

std::string anchor_cell(
    const nlohmann::json& anchors, const std::string& problem, const char* name
) {
    if (anchors.is_null() || !anchors["problems"].contains(problem)) return "–";
    return cell(anchors["problems"][problem]["methods"][name]["final"].get<std::vector<double>>());
}

std::string header(const std::vector<std::string>& columns) {
    std::string text = "| problem |";
    std::string rule = "|---|";
    for (const std::string& column : columns) {
        text += " " + column + " |";
        rule += "---|";
    }
    return text + "\n" + rule + "\n";
}

std::vector<std::string> searchers_of(const Results& results) {
    std::vector<std::string> names;
    for (const auto& [name, curves] : results.begin()->second) names.push_back(name);
    return names;
}

}  // namespace

std::vector<double> finals_of(const Curves& curves) {
    std::vector<double> finals;
    for (const Curve& curve : curves) finals.push_back(curve.regret.back());
    return finals;
}

std::string quality_table(
    const std::vector<std::string>& problems, const Results& results, const nlohmann::json& anchors
) {
    const std::vector<std::string> searchers = searchers_of(results);
    std::vector<std::string> columns;
    for (const std::string& searcher : searchers) columns.push_back("**" + searcher + "**");
    for (const char* anchor : kAnchors) columns.emplace_back(fmt::format("anchor {}", anchor));
    std::string text = header(columns);
    for (const std::string& problem : problems) {
        text += "| " + problem + " |";
        for (const std::string& searcher : searchers)
            text += " " + cell(finals_of(results.at(problem).at(searcher))) + " |";
        for (const char* anchor : kAnchors)
            text += " " + anchor_cell(anchors, problem, anchor) + " |";
        text += "\n";
    }
    return text;
}

std::string progress_table(const std::vector<std::string>& problems, const Results& results) {
    const std::vector<std::string> searchers = searchers_of(results);
    std::string text = header(searchers);
    for (const std::string& problem : problems) {
        text += "| " + problem + " |";
        for (const std::string& searcher : searchers) {
            const Curves& curves = results.at(problem).at(searcher);
            for (std::size_t n = 10; n <= curves.front().regret.size(); n += 10) {
                std::vector<double> at;
                for (const Curve& curve : curves) at.push_back(curve.regret[n - 1]);
                text += fmt::format(" {:.2g}", quantile(at, 0.5));
            }
            text += " |";
        }
        text += "\n";
    }
    return text;
}

}  // namespace bw::bench
