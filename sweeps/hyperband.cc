#include "sweeps/hyperband.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "sweeps/json_schema.h"
#include "sweeps/python_text.h"
#include "sweeps/wandb_metric.h"
#include "sweeps/wandb_schema.h"

namespace bw::sweeps {
namespace {

constexpr int kBandsMax = 100;  // of the min_iter form

double number_at(const Map& map, std::string_view key) {
    const Value& value = *find_value(map, key);
    if (const auto* integer = std::get_if<std::int64_t>(&value.data))
        return static_cast<double>(*integer);
    return std::get<double>(value.data);
}

WandbError value_error(std::string message) { return {"ValueError", std::move(message)}; }

std::optional<WandbError> fill(const Map& given, Map& out) {
    const Map& schema = wandb_definition("hyperband");
    const Map& rules = std::get<Map>(find_value(schema, "properties")->data);
    for (const auto& [key, value] : given) {
        if (find_value(rules, key) != nullptr) out.emplace_back(key, value);
    }
    const auto violations = schema_violations(wandb_schema(), schema, Value{out});
    if (!violations.empty()) return WandbError{"ValidationError", violations.front()};
    for (const auto& [key, rule] : rules) {
        const Value* fallback = find_value(std::get<Map>(rule.data), "default");
        if (fallback != nullptr && find_value(out, key) == nullptr)
            out.emplace_back(key, *fallback);
    }
    return std::nullopt;
}

std::optional<WandbError> find_bands(const Map& filled, Hyperband& out) {
    out.eta = number_at(filled, "eta");
    if (find_value(filled, "max_iter") == nullptr) {
        double band = number_at(filled, "min_iter");
        for (int i = 0; i < kBandsMax; ++i, band *= out.eta) out.bands.push_back(std::trunc(band));
        return std::nullopt;
    }
    const Value* s = find_value(filled, "s");
    if (s == nullptr) return WandbError{"KeyError", "'s'"};
    if (!std::holds_alternative<std::int64_t>(s->data)) {
        return WandbError{
            "TypeError",
            "'" + std::string(python_type(*s)) + "' object cannot be interpreted as an integer"};
    }
    double band = number_at(filled, "max_iter");
    for (std::int64_t i = 0; i < std::get<std::int64_t>(s->data); ++i) {
        band /= out.eta;
        if (band < 1) break;
        out.bands.push_back(std::trunc(band));
    }
    std::sort(out.bands.begin(), out.bands.end());
    if (!out.bands.empty()) return std::nullopt;
    return value_error(
        "Bands must be an array of length at least 1. Try increasing s, decreasing eta, or "
        "increasing min_iter."
    );
}

std::optional<WandbError> section_error(const Map& document) {
    const Value* section = find_value(document, "early_terminate");
    if (section == nullptr)
        return value_error("early terminate requires \"early_terminate\" section.");
    const auto* map = std::get_if<Map>(&section->data);
    const Value* type = map == nullptr ? nullptr : find_value(*map, "type");
    if (type == nullptr)
        return value_error("early terminate must be a dict with a \"type\" section");
    if (*type != Value{std::string("hyperband")}) {
        return value_error(
            "Invalid early stopping type " + python_str(*type) + ", must be one of [\"hyperband\"]"
        );
    }
    return std::nullopt;
}

double threshold_at(std::span<const std::vector<double>> histories, double band, double eta) {
    std::vector<double> values;
    for (const auto& history : histories) {
        if (static_cast<double>(history.size()) >= band)
            values.push_back(history[static_cast<std::size_t>(band) - 1]);
    }
    if (values.empty()) return std::numeric_limits<double>::infinity();
    // The product with the reciprocal, as the package computes it: 49 * (1.0 / 49) truncates to 0.
    const double rate = 1.0 / eta;
    const auto index = static_cast<std::size_t>(rate * static_cast<double>(values.size()));
    std::sort(values.begin(), values.end());
    return values[std::min(index, values.size() - 1)];
}

}  // namespace

std::vector<double> thresholds_of(
    const HyperbandRule& rule, std::span<const std::vector<double>> histories
) {
    std::vector<double> thresholds;
    for (const double band : rule.bands)
        thresholds.push_back(threshold_at(histories, band, rule.eta));
    return thresholds;
}

std::optional<double> failed_band(
    const HyperbandRule& rule,
    std::span<const double> thresholds,
    const std::vector<double>& history
) {
    std::size_t reached = 0;
    const std::vector<double>& bands = rule.bands;
    while (reached < bands.size() && bands[reached] <= static_cast<double>(history.size()))
        ++reached;
    if (reached == 0) return std::nullopt;
    const double value = rule.strict ? history[static_cast<std::size_t>(bands[reached - 1]) - 1]
                                     : *std::min_element(history.begin(), history.end());
    return value > thresholds[reached - 1] ? std::optional(bands[reached - 1]) : std::nullopt;
}

StopReport stop_check(const Value& document, const std::vector<RunRecord>& runs) {
    StopReport report;
    static const Map kNone;
    const auto* top = std::get_if<Map>(&document.data);
    const Map& map = top == nullptr ? kNone : *top;
    if (find_value(map, "metric") == nullptr) {
        report.error = value_error("early terminate requires \"metric\" section");
        return report;
    }
    report.error = section_error(map);
    if (report.error) return report;
    const WandbMetric metric = wandb_metric(map, "Hyperband stopping requires \"metric\" section");
    report.metric = metric.filled;
    report.error = metric.error;
    if (report.error) return report;
    const Map& section = std::get<Map>(find_value(map, "early_terminate")->data);
    report.error = fill(section, report.hyperband.filled);
    if (!report.error) report.error = find_bands(report.hyperband.filled, report.hyperband);
    if (report.error) return report;
    report.hyperband.strict = *find_value(report.hyperband.filled, "strict") == Value{true};

    std::vector<std::vector<double>> histories;
    for (const RunRecord& run : runs) {
        histories.push_back(run.metric_history(metric.name));
        for (double& value : histories.back()) value = metric.maximize ? -value : value;
    }
    report.thresholds = thresholds_of(report.hyperband, histories);
    for (std::size_t i = 0; i < runs.size(); ++i) {
        if (runs[i].state == RunState::running &&
            failed_band(report.hyperband, report.thresholds, histories[i]))
            report.stop.push_back(runs[i].name);
    }
    return report;
}

}  // namespace bw::sweeps
