#include "sweeps/training.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "base/text.h"
#include "models/catalog/catalog.h"
#include "models/catalog/recipes.h"
#include "sweeps/training_rules.h"

namespace bw::sweeps {
namespace {

std::optional<double> numeric(const Value& value) {
    if (const auto* number = std::get_if<std::int64_t>(&value.data))
        return static_cast<double>(*number);
    if (const auto* number = std::get_if<double>(&value.data)) return *number;
    return std::nullopt;
}

std::string shown(const Value& value) {
    if (const auto* word = std::get_if<std::string>(&value.data)) return quoted(*word);
    if (std::holds_alternative<std::nullptr_t>(value.data)) return "nothing";
    if (std::holds_alternative<List>(value.data)) return "a list";
    if (std::holds_alternative<Map>(value.data)) return "a map";
    return to_json(value);
}

std::string limit_text(double limit) {
    if (std::fabs(limit) < 1e16 && std::trunc(limit) == limit)
        return std::to_string(static_cast<std::int64_t>(limit));
    return to_json(Value{limit});
}

bool is_whole(double number) { return std::isfinite(number) && std::trunc(number) == number; }

std::optional<std::string> number_problem(const TrainingParameter& parameter, const Value& value) {
    const auto number = numeric(value);
    const bool whole = parameter.type == ParameterType::integer;
    if (number && *number >= parameter.min && *number <= parameter.max &&
        (!whole || is_whole(*number))) {
        return std::nullopt;
    }
    std::string out = (whole ? "expected an integer from " : "expected a number from ") +
                      limit_text(parameter.min) + " to " + limit_text(parameter.max) + ", found " +
                      shown(value);
    const auto* word = std::get_if<std::string>(&value.data);
    if (word != nullptr && !word->empty() &&
        word->find_first_not_of("0123456789.eE+-") == std::string::npos) {
        out += "; take the quotes off";
    }
    return out;
}

std::optional<std::string> list_problem(const TrainingParameter& parameter, const Value& value) {
    const auto* items = std::get_if<List>(&value.data);
    if (items == nullptr) return "expected a list of integers, found " + shown(value);
    TrainingParameter item = parameter;
    item.type = ParameterType::integer;
    for (const Value& one : *items) {
        if (auto problem = number_problem(item, one)) return problem;
    }
    return std::nullopt;
}

std::optional<std::string> model_problem(std::string_view name) {
    if (models::find_model(name) != nullptr) return std::nullopt;
    std::vector<std::string_view> known;
    for (const models::ModelInfo& model : models::catalog()) {
        known.push_back(model.name);
        known.insert(known.end(), model.aliases.begin(), model.aliases.end());
    }
    std::string out = "unknown model " + quoted(name);
    const std::string near = did_you_mean(name, known);
    if (!near.empty()) return out + near;
    return out + "; `batchwright models` lists them";
}

std::optional<std::string> text_problem(const TrainingParameter& parameter, const Value& value) {
    const auto* word = std::get_if<std::string>(&value.data);
    if (word == nullptr) return "expected a text, found " + shown(value);
    if (parameter.name == "model") return model_problem(*word);
    const auto choices = parameter.choices;
    if (choices.empty())
        return word->empty() ? std::optional("expected a text, found nothing") : std::nullopt;
    if (std::find(choices.begin(), choices.end(), *word) != choices.end()) return std::nullopt;
    std::string out = "expected";
    for (std::size_t i = 0; i < choices.size(); ++i) {
        out += (i == 0 ? " " : i + 1 == choices.size() ? " or " : ", ") + std::string(choices[i]);
    }
    return out + ", found " + shown(value) + did_you_mean(*word, choices);
}

/// Under its name or its alias; nullptr when it is not given.
const Value* given_value(const Map& given, const TrainingParameter& parameter) {
    const Value* value = find_value(given, parameter.name);
    if (value == nullptr && !parameter.alias.empty()) value = find_value(given, parameter.alias);
    if (value != nullptr && std::holds_alternative<std::nullptr_t>(value->data)) return nullptr;
    return value;
}

struct ToValue {
    Value operator()(double number) const { return Value{number}; }

    Value operator()(bool flag) const { return Value{flag}; }

    Value operator()(std::string_view word) const { return Value{std::string(word)}; }

    Value operator()(std::span<const std::int64_t> items) const {
        List list;
        for (const std::int64_t item : items) list.push_back(Value{item});
        return Value{std::move(list)};
    }
};

Map recipe_values(const Map& given) {
    const auto text = [&given](std::string_view name) {
        const Value* value = find_value(given, name);
        const auto* word = value == nullptr ? nullptr : std::get_if<std::string>(&value->data);
        return word == nullptr ? std::string() : *word;
    };
    Map out;
    for (const auto& setting : models::recipe(text("model"), text("recipe")))
        out.emplace_back(setting.parameter, std::visit(ToValue{}, setting.value));
    return out;
}

Value settled(const TrainingParameter& parameter, const Value& value) {
    const auto number = numeric(value);
    if (!number) return value;
    if (parameter.type == ParameterType::number) return Value{*number};
    if (parameter.type == ParameterType::integer && is_whole(*number) &&
        std::fabs(*number) < 9e18) {
        return Value{static_cast<std::int64_t>(*number)};
    }
    return value;
}

}  // namespace

std::span<const std::string_view> measured_metrics() {
    static constexpr std::array<std::string_view, 4> kMeasured = {
        "train_loss", "train_accuracy", "test_loss", "test_accuracy"};
    return kMeasured;
}

const TrainingParameter* find_training_parameter(std::string_view name_or_alias) {
    if (name_or_alias.empty()) return nullptr;
    for (const TrainingParameter& parameter : training_parameters()) {
        if (parameter.name == name_or_alias || parameter.alias == name_or_alias) return &parameter;
    }
    return nullptr;
}

std::optional<std::string> training_value_problem(
    const TrainingParameter& parameter, const Value& value
) {
    switch (parameter.type) {
        case ParameterType::text:
            return text_problem(parameter, value);
        case ParameterType::integer:
        case ParameterType::number:
            return number_problem(parameter, value);
        case ParameterType::boolean:
            if (std::holds_alternative<bool>(value.data)) return std::nullopt;
            return "expected true or false, found " + shown(value);
        case ParameterType::integers:
            return list_problem(parameter, value);
    }
    return std::nullopt;
}

Map complete_training_params(const Map& given) {
    Map out;
    const Map by_recipe = recipe_values(given);
    for (const TrainingParameter& parameter : training_parameters()) {
        const Value* value = given_value(given, parameter);
        if (value == nullptr) value = find_value(by_recipe, parameter.name);
        if (value == nullptr) value = &parameter.fallback;
        if (std::holds_alternative<std::nullptr_t>(value->data)) continue;
        out.emplace_back(parameter.name, settled(parameter, *value));
    }
    for (const auto& [name, value] : given) {
        if (find_training_parameter(name) == nullptr) out.emplace_back(name, value);
    }
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) {
        return a.first < b.first;
    });
    return out;
}

std::optional<std::string> training_problem(const Map& complete) {
    for (const auto& [name, value] : complete) {
        const TrainingParameter* parameter = find_training_parameter(name);
        if (parameter == nullptr) return name + ": unknown parameter";
        if (auto problem = training_value_problem(*parameter, value)) return name + ": " + *problem;
    }
    if (auto problem = combination_problem(complete)) return problem->message;
    return std::nullopt;
}

}  // namespace bw::sweeps
