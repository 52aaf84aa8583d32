#include "coordinator/results/leaderboard.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <set>
#include <string_view>

#include "coordinator/results/objective.h"

namespace bw::results {
namespace {

using Json = nlohmann::json;
using Table = std::vector<std::vector<std::string>>;

constexpr std::size_t kCellCharsMax = 24;

std::string shown(const Json& value) {
    return value.is_string() ? value.get<std::string>() : value.dump();
}

/// The names of the parameters that do not have one value in all points.
std::vector<std::string> varying_params(const Json& points) {
    std::map<std::string, std::set<std::string>> values;
    std::map<std::string, std::size_t> present;
    for (const auto& point : points) {
        for (const auto& [name, value] : point.at("params").items()) {
            values[name].insert(value.dump());
            ++present[name];
        }
    }
    std::vector<std::string> names;
    for (const auto& [name, different] : values) {
        if (different.size() > 1 || present[name] < points.size()) names.push_back(name);
    }
    return names;
}

constexpr std::array<std::string_view, 4> kColumns = {
    "test_accuracy", "test_loss", "train_loss", "samples_per_second"};

bool has_column(std::string_view metric) {
    return std::ranges::find(kColumns, metric) != kColumns.end();
}

std::optional<double> number(const Json& metrics, const char* name) {
    const auto value = metrics.find(name);
    if (value == metrics.end() || !value->is_number()) return std::nullopt;
    return value->get<double>();
}

LeaderboardRow row_of(const Json& point, const std::vector<std::string>& params) {
    LeaderboardRow row;
    row.ordinal = point.at("ordinal").get<std::uint64_t>();
    row.state = point.at("state").get<std::string>();
    row.reason = point.at("reason").get<std::string>();
    row.attempts = point.at("attempts").get<std::uint64_t>();
    for (const auto& name : params) {
        const auto value = point.at("params").find(name);
        row.params.emplace_back(name, value == point.at("params").end() ? "-" : shown(*value));
    }
    const Json& metrics = point.at("metrics");
    row.train_loss = number(metrics, "train_loss");
    row.test_loss = number(metrics, "test_loss");
    row.test_accuracy = number(metrics, "test_accuracy");
    row.samples_per_second = number(metrics, "samples_per_second");
    for (const auto& [name, value] : metrics.items()) {
        if (!has_column(name) && value.is_number()) row.others[name] = value.get<double>();
    }
    return row;
}

std::optional<double> value_of(const LeaderboardRow& row, const std::string& metric) {
    if (const auto own = row.others.find(metric); own != row.others.end()) return own->second;
    if (!has_column(metric)) return std::nullopt;
    if (metric == "train_loss") return row.train_loss;
    if (metric == "test_loss") return row.test_loss;
    if (metric == "samples_per_second") return row.samples_per_second;
    return row.test_accuracy;
}

std::string cell(std::optional<double> value, const char* format) {
    if (!value) return "-";
    char text[64];
    std::snprintf(text, sizeof text, format, *value);
    return text;
}

std::string cut(std::string text) {
    if (text.size() <= kCellCharsMax) return text;
    text.resize(kCellCharsMax - 2);
    return text + "..";
}

Objective objective_among(
    const std::vector<LeaderboardRow>& rows, const std::optional<sweeps::Metric>& metric
) {
    const bool is_measured = metric && std::ranges::any_of(rows, [&](const LeaderboardRow& row) {
                                 return row.others.contains(metric->name);
                             });
    if (is_measured) return {.metric = metric->name, .maximize = metric->maximize};
    return objective_of(metric);
}

std::vector<std::string> cells_of(
    const LeaderboardRow& row, std::size_t rank, const std::string& own_metric
) {
    std::vector<std::string> cells = {std::to_string(rank), std::to_string(row.ordinal)};
    for (const auto& [name, value] : row.params) cells.push_back(cut(value));
    if (!own_metric.empty()) cells.push_back(cell(value_of(row, own_metric), "%.6g"));
    cells.push_back(cell(row.test_accuracy, "%.4f"));
    cells.push_back(cell(row.test_loss, "%.4f"));
    cells.push_back(cell(row.train_loss, "%.4f"));
    cells.push_back(cell(row.samples_per_second, "%.0f"));
    cells.push_back(std::to_string(row.attempts));
    cells.push_back(row.state);
    return cells;
}

std::vector<std::string> header_of(const LeaderboardRow& row, const std::string& own_metric) {
    std::vector<std::string> cells = {"rank", "point"};
    for (const auto& [name, value] : row.params) cells.push_back(cut(name));
    if (!own_metric.empty()) cells.push_back(cut(own_metric));
    for (const char* name :
         {"test_accuracy", "test_loss", "train_loss", "samples/s", "attempts", "state"}) {
        cells.emplace_back(name);
    }
    return cells;
}

/// Columns two blanks apart, right-aligned but for the last.
std::string aligned(const Table& table) {
    std::vector<std::size_t> widths(table.front().size(), 0);
    for (const auto& cells : table) {
        for (std::size_t i = 0; i < cells.size(); ++i)
            widths[i] = std::max(widths[i], cells[i].size());
    }
    std::string text;
    for (const auto& cells : table) {
        for (std::size_t i = 0; i < cells.size(); ++i) {
            const bool last = i + 1 == cells.size();
            const std::string blanks(widths[i] - cells[i].size(), ' ');
            text += (i == 0 ? "" : "  ") + (last ? cells[i] : blanks + cells[i]);
        }
        text += "\n";
    }
    return text;
}

std::string reasons(const std::vector<LeaderboardRow>& rows) {
    std::string text;
    std::size_t told = 0;
    for (const auto& row : rows) {
        if (row.state == "finished" || row.reason.empty()) continue;
        if (++told > kLeaderboardRowsMax)
            return text + "more points did not finish: see results.json\n";
        text += "point " + std::to_string(row.ordinal) + " " + row.state + ": " + row.reason + "\n";
    }
    return text;
}

}  // namespace

std::vector<LeaderboardRow> leaderboard(
    const Json& results, const std::optional<sweeps::Metric>& metric
) {
    const Json& points = results.at("points");
    const auto params = varying_params(points);
    std::vector<LeaderboardRow> rows;
    for (const auto& point : points) rows.push_back(row_of(point, params));
    const Objective objective = objective_among(rows, metric);
    std::ranges::stable_sort(rows, [&](const LeaderboardRow& a, const LeaderboardRow& b) {
        const bool a_finished = a.state == "finished", b_finished = b.state == "finished";
        if (a_finished != b_finished) return a_finished;
        return is_better(objective, value_of(a, objective.metric), value_of(b, objective.metric));
    });
    return rows;
}

std::string leaderboard_text(const Json& results, const std::optional<sweeps::Metric>& metric) {
    const auto rows = leaderboard(results, metric);
    if (rows.empty()) return "no points\n";
    std::string own_metric = objective_among(rows, metric).metric;
    if (has_column(own_metric)) own_metric.clear();
    Table table = {header_of(rows.front(), own_metric)};
    for (const auto& row : rows) {
        if (table.size() > kLeaderboardRowsMax) break;
        table.push_back(cells_of(row, table.size(), own_metric));
    }
    std::string text = aligned(table);
    if (rows.size() > kLeaderboardRowsMax) {
        text +=
            "and " + std::to_string(rows.size() - kLeaderboardRowsMax) + " more in results.json\n";
    }
    return text + reasons(rows);
}

}  // namespace bw::results
