#include "sweeps/strict.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "sweeps/distributions.h"
#include "sweeps/json_schema.h"
#include "sweeps/python_text.h"
#include "sweeps/wandb_schema.h"

namespace bw::sweeps {
namespace {

using Raised = std::optional<WandbError>;

std::string class_of(const Value& value) {
    return "'" + std::string(python_type(value)) + "' object";
}

bool is_true(const Value& value) {
    if (std::holds_alternative<std::nullptr_t>(value.data)) return false;
    if (const auto* flag = std::get_if<bool>(&value.data)) return *flag;
    if (const auto* number = std::get_if<std::int64_t>(&value.data)) return *number != 0;
    if (const auto* number = std::get_if<double>(&value.data)) return *number != 0;
    if (const auto* text = std::get_if<std::string>(&value.data)) return !text->empty();
    if (const auto* list = std::get_if<List>(&value.data)) return !list->empty();
    return !std::get<Map>(value.data).empty();
}

// Python's len; nothing where it would raise.
std::optional<std::size_t> length_of(const Value& value) {
    if (const auto* list = std::get_if<List>(&value.data)) return list->size();
    if (const auto* map = std::get_if<Map>(&value.data)) return map->size();
    const auto* text = std::get_if<std::string>(&value.data);
    if (text == nullptr) return std::nullopt;
    const auto starts = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
    return static_cast<std::size_t>(std::count_if(text->begin(), text->end(), starts));
}

// What Python's sum goes over: the keys of a map, the characters of a text.
List items_of(const Value& value) {
    if (const auto* list = std::get_if<List>(&value.data)) return *list;
    List out;
    if (const auto* map = std::get_if<Map>(&value.data)) {
        for (const auto& entry : *map) out.push_back(Value{entry.first});
    } else if (length_of(value) != 0u) {
        out.push_back(value);
    }
    return out;
}

// A boolean counts as 0 or 1.
std::optional<double> python_number(const Value& value) {
    if (const auto* number = std::get_if<std::int64_t>(&value.data))
        return static_cast<double>(*number);
    if (const auto* number = std::get_if<double>(&value.data)) return *number;
    if (const auto* flag = std::get_if<bool>(&value.data)) return *flag ? 1.0 : 0.0;
    return std::nullopt;
}

class Checker {
public:
    explicit Checker(const Value& document) : document_(document) {}

    StrictReport check() {
        report_.violations = schema_violations(wandb_schema(), wandb_schema(), document_);
        Raised raised = check_rest();
        if (raised) report_.violations.push_back(raised->message);
        report_.raised = std::move(raised);
        report_.valid = report_.violations.empty();
        return std::move(report_);
    }

private:
    [[nodiscard]] const Value* get(std::string_view key) const { return find_value(*top_, key); }

    void say(std::string message) { report_.violations.push_back(std::move(message)); }

    Raised check_rest() {
        top_ = std::get_if<Map>(&document_.data);
        if (top_ == nullptr)
            return WandbError{"ValueError", "Sweep config must be parsable as a JSON object."};
        const Value* scheduler = get("scheduler");
        const Map* parts = scheduler == nullptr ? nullptr : std::get_if<Map>(&scheduler->data);
        const Value* space = parts == nullptr ? nullptr : find_value(*parts, "search_space");
        if (get("parameters") == nullptr && (space == nullptr || !is_true(*space))) {
            say("`parameters` is required unless `scheduler.search_space` is set.");
        }
        check_metrics();
        if (scheduler != nullptr && !std::holds_alternative<std::nullptr_t>(scheduler->data)) {
            if (Raised raised = check_scheduler(parts)) return raised;
        }
        return check_parameters();
    }

    void check_metrics() {
        if (get("metrics") == nullptr) return;
        const Value* method = get("method");
        if (get("metric") != nullptr) {
            say("`metric` and `metrics` cannot both be set: use `metric` for a single objective, "
                "or `metrics` for "
                "multi-objective optimization.");
        } else if (method != nullptr && !std::holds_alternative<std::nullptr_t>(method->data) && *method != Value{std::string("custom")}) {
            say("`metrics` requires `method: custom` (got `method: " + python_str(*method) +
                "`): multi-objective optimization is only supported with a custom scheduler.");
        }
    }

    Raised check_scheduler(const Map* parts) {
        if (const Value* controller = get("controller")) {
            const Map* map = std::get_if<Map>(&controller->data);
            const Value* type = map == nullptr ? nullptr : find_value(*map, "type");
            if (type == nullptr)
                return WandbError{map == nullptr ? "TypeError" : "KeyError", "'type'"};
            if (*type == Value{std::string("local")}) {
                say("`controller: type:local` cannot be used together with `scheduler`: use "
                    "`scheduler` instead of "
                    "`controller`.");
            }
        }
        if (get("early_terminate") != nullptr) {
            say("`early_terminate` cannot be used together with `scheduler`: early termination "
                "must be implemented "
                "by the custom scheduler itself.");
        }
        return parts == nullptr ? std::nullopt : check_engine(*parts);
    }

    Raised check_engine(const Map& parts) {
        const Value* given = find_value(parts, "engine");
        const Value engine = given == nullptr ? Value{nullptr} : *given;
        if (std::holds_alternative<List>(engine.data) || std::holds_alternative<Map>(engine.data)) {
            return WandbError{
                "TypeError", "unhashable type: '" + std::string(python_type(engine)) + "'"};
        }
        const std::string name = python_str(engine);
        const bool is_text = std::holds_alternative<std::string>(engine.data);
        const bool ours = is_text && name == "wandb";
        if (!ours && !(is_text && (name == "optuna" || name == "ax"))) {
            say("scheduler.engine '" + name +
                "' is not supported. supported engines are: wandb, optuna, ax");
            return std::nullopt;
        }
        const Value* method = get("method");
        const std::string method_name = method == nullptr ? "None" : python_str(*method);
        const bool supported =
            ours ? method_name == "grid" || method_name == "bayes" || method_name == "random"
                 : method_name == "custom";
        if (supported) return std::nullopt;
        say("`scheduler.engine: " + name + "` does not support `method: " + method_name +
            "`. supported methods are: " +
            (ours ? "`method: grid`, `method: bayes`, `method: random`" : "`method: custom`"));
        return std::nullopt;
    }

    Raised check_parameters() {
        const Value* parameters = get("parameters");
        if (parameters == nullptr) return std::nullopt;
        const auto* map = std::get_if<Map>(&parameters->data);
        if (map == nullptr) {
            return WandbError{
                "AttributeError", class_of(*parameters) + " has no attribute 'items'"};
        }
        for (const auto& [name, config] : *map) {
            const auto* inner = std::get_if<Map>(&config.data);
            if (inner == nullptr) {
                return WandbError{
                    "ValueError", "Invalid configuration for hyperparameter '" + name + "'"};
            }
            if (auto message = min_max_message(name, *inner)) say(*message);
            if (Raised raised = check_probabilities(name, *inner)) return raised;
            check_distribution(name, config);
        }
        return std::nullopt;
    }

    Raised check_probabilities(const std::string& name, const Map& config) {
        const Value* values = find_value(config, "values");
        const Value* probabilities = find_value(config, "probabilities");
        if (values == nullptr || probabilities == nullptr) return std::nullopt;
        for (const Value* one : {values, probabilities}) {
            if (length_of(*one)) continue;
            return WandbError{
                "TypeError",
                "object of type '" + std::string(python_type(*one)) + "' has no len()"};
        }
        if (length_of(*values) != length_of(*probabilities)) {
            say("Parameter " + name + ": values " + python_str(*values) + " and probabilities " +
                python_str(*probabilities) + " are not the same length");
            return std::nullopt;
        }
        double sum = 0;
        std::string_view type = "int";  // what Python's sum holds so far
        for (const Value& weight : items_of(*probabilities)) {
            const auto number = python_number(weight);
            if (!number) {
                return WandbError{
                    "TypeError",
                    "unsupported operand type(s) for +: '" + std::string(type) + "' and '" +
                        std::string(python_type(weight)) + "'"};
            }
            sum += *number;
            if (std::holds_alternative<double>(weight.data)) type = "float";
        }
        if (std::fabs(sum - 1.0) <= 1e-8 + 1e-5) return std::nullopt;
        say("Parameter " + name + ": Probabilities " + python_str(*probabilities) +
            " do not sum to 1");
        return std::nullopt;
    }

    void check_distribution(const std::string& name, const Value& config) {
        const FillResult result = fill_parameter(name, config);
        if (result.nested) return;
        if (result.error) {
            say(result.error->message);
        } else if (!result.filled) {
            say("invalid hyperparameter configuration: " + name);
        } else if (const auto& info = info_of(result.filled->distribution);
                   !info.replaced_by.empty()) {
            say(name + " uses " + std::string(info.name) +
                ", where min/max specify base-e exponents. Use " + std::string(info.replaced_by) +
                " to specify limit values.");
        }
    }

    const Value& document_;
    const Map* top_ = nullptr;
    StrictReport report_;
};

}  // namespace

StrictReport strict_report(const Value& document) { return Checker(document).check(); }

}  // namespace bw::sweeps
