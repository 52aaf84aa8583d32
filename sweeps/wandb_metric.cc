#include "sweeps/wandb_metric.h"

#include <algorithm>

#include "sweeps/json_schema.h"
#include "sweeps/python_text.h"
#include "sweeps/wandb_schema.h"

namespace bw::sweeps {
namespace {

void forget_unknown(Map& metric, std::string_view key, const Map& rules) {
    const Value* value = find_value(metric, key);
    if (value == nullptr) return;
    const List& known =
        std::get<List>(find_value(std::get<Map>(find_value(rules, key)->data), "enum")->data);
    if (std::find(known.begin(), known.end(), *value) != known.end()) return;
    std::erase_if(metric, [key](const auto& entry) { return entry.first == key; });
}

std::string text_at(const Map& map, std::string_view key) {
    const Value* value = find_value(map, key);
    const auto* text = value == nullptr ? nullptr : std::get_if<std::string>(&value->data);
    return text == nullptr ? "" : *text;
}

}  // namespace

WandbMetric wandb_metric(const Map& document, const std::string& missing) {
    WandbMetric out;
    const Value* given = find_value(document, "metric");
    if (given == nullptr) {
        out.error = WandbError{"ValueError", missing};
        return out;
    }
    if (!std::holds_alternative<Map>(given->data)) {
        out.error = WandbError{
            "ValueError",
            "invalid type for metric: expected dict, got <class '" +
                std::string(python_type(*given)) + "'>"};
        return out;
    }
    Map metric = std::get<Map>(given->data);
    const Map& schema = wandb_definition("metric");
    const Map& rules = std::get<Map>(find_value(schema, "properties")->data);
    forget_unknown(metric, "goal", rules);
    forget_unknown(metric, "impute", rules);
    const auto violations = schema_violations(wandb_schema(), schema, Value{metric});
    if (!violations.empty()) {
        out.error = WandbError{"ValidationError", violations.front()};
        return out;
    }
    for (const auto& [name, rule] : rules) {
        const Value* fallback = find_value(std::get<Map>(rule.data), "default");
        if (fallback != nullptr && find_value(metric, name) == nullptr)
            metric.emplace_back(name, *fallback);
    }
    out.name = text_at(metric, "name");
    out.maximize = text_at(metric, "goal") == "maximize";
    out.impute = text_at(metric, "impute");
    out.impute_while_running = text_at(metric, "impute_while_running");
    out.filled = std::move(metric);
    return out;
}

}  // namespace bw::sweeps
