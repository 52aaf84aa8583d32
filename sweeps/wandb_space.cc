#include "sweeps/wandb_space.h"

#include <algorithm>
#include <utility>

#include "sweeps/distributions.h"
#include "sweeps/json_schema.h"
#include "sweeps/python_text.h"
#include "sweeps/wandb_metric.h"
#include "sweeps/wandb_schema.h"

namespace bw::sweeps {
namespace {

// The package's own separator of levels, seen in its messages.
constexpr std::string_view kNesting = ".wbnest[599c28ca25da].";

std::optional<double> number_of(const Value* value) {
    if (value == nullptr) return std::nullopt;
    if (const auto* number = std::get_if<std::int64_t>(&value->data))
        return static_cast<double>(*number);
    if (const auto* number = std::get_if<double>(&value->data)) return *number;
    // Python's booleans are numbers: True is 1.
    if (const auto* flag = std::get_if<bool>(&value->data)) return *flag ? 1.0 : 0.0;
    return std::nullopt;
}

const Map& properties_of(const Map& schema) {
    const Value* choices = find_value(schema, "anyOf");
    if (choices == nullptr) return std::get<Map>(find_value(schema, "properties")->data);
    return properties_of(std::get<Map>(std::get<List>(choices->data).back().data));
}

Map with_defaults(const Map& schema, Map config) {
    for (const auto& [name, rule] : properties_of(schema)) {
        const Value* fallback = find_value(std::get<Map>(rule.data), "default");
        if (fallback != nullptr && find_value(config, name) == nullptr)
            config.emplace_back(name, *fallback);
    }
    return config;
}

class SpaceReader {
public:
    WandbSpace read(const Map& parameters) {
        read_level(parameters, {});
        return std::move(out_);
    }

private:
    static std::string internal_name(const std::vector<std::string>& levels) {
        std::string out;
        for (const std::string& level : levels)
            out += (out.empty() ? "" : std::string(kNesting)) + level;
        return out;
    }

    bool read_level(const Map& level, const std::vector<std::string>& above) {
        std::vector<const Map::value_type*> sorted;
        for (const auto& entry : level) sorted.push_back(&entry);
        std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) {
            return a->first < b->first;
        });
        for (const auto* entry : sorted) {
            std::vector<std::string> levels = above;
            levels.push_back(entry->first);
            if (!read_one(entry->second, std::move(levels))) return false;
        }
        return true;
    }

    bool read_one(const Value& config, std::vector<std::string> levels) {
        if (!std::holds_alternative<Map>(config.data)) {
            out_.error = WandbError{
                "AssertionError",
                "Sweep config values must be dicts, found " + python_str(config) +
                    " of type <class '" + std::string(python_type(config)) + "'>"};
            return false;
        }
        const std::string name = internal_name(levels);
        FillResult result = fill_parameter(name, config);
        if (result.nested) {
            return read_level(
                std::get<Map>(find_value(std::get<Map>(config.data), "parameters")->data), levels
            );
        }
        if (!result.filled) {
            out_.error = result.error ? *result.error
                                      : WandbError{
                                            "ValidationError",
                                            "invalid hyperparameter configuration: " + name};
            return false;
        }
        out_.parameters.push_back(to_parameter(*result.filled, std::move(levels)));
        out_.filled.push_back(std::move(*result.filled));
        return true;
    }

    WandbSpace out_;
};

std::optional<WandbError> grid_error(const WandbSpace& space) {
    for (const Parameter& parameter : space.parameters) {
        if (is_enumerable(parameter.distribution)) continue;
        std::string name;
        for (const std::string& level : parameter.levels)
            name += (name.empty() ? "" : std::string(kNesting)) + level;
        return WandbError{
            "ValueError",
            "Parameter " + name +
                " is a disallowed type with grid search. Grid search requires all parameters to be "
                "categorical, "
                "constant, int_uniform, or q_uniform. Specification of probabilities for "
                "categorical parameters is "
                "disallowed in grid search"};
    }
    return std::nullopt;
}

std::optional<WandbError> bayes_error(const Map& document, const WandbSpace& space) {
    if (auto error = wandb_metric(document, "Bayesian search requires \"metric\" section").error)
        return error;
    if (space.error) return space.error;
    const bool any = std::any_of(
        space.parameters.begin(),
        space.parameters.end(),
        [](const Parameter& parameter) { return parameter.distribution != Distribution::constant; }
    );
    // Its distribution function takes the index as a float, and numpy refuses that.
    const auto is_weighted = [](const Parameter& parameter) {
        return parameter.distribution == Distribution::categorical_w_probabilities;
    };
    if (std::any_of(space.parameters.begin(), space.parameters.end(), is_weighted)) {
        return WandbError{
            "IndexError", "arrays used as indices must be of integer (or boolean) type"};
    }
    if (any) return std::nullopt;
    return WandbError{"ValueError", "Need at least one searchable parameter for bayes search."};
}

}  // namespace

std::optional<std::string> min_max_message(const std::string& name, const Map& config) {
    const Value* min = find_value(config, "min");
    const Value* max = find_value(config, "max");
    const auto low = number_of(min);
    const auto high = number_of(max);
    if (!low || !high || !(*low >= *high)) return std::nullopt;
    return name + ": min " + python_str(*min) + " is not less than max " + python_str(*max);
}

FillResult fill_parameter(const std::string& name, const Value& config) {
    const Map& root = wandb_schema();
    for (const DistributionInfo& info : distributions()) {
        const Map& schema = wandb_definition(info.name);
        if (!conforms(root, schema, config)) continue;
        const Map& given = std::get<Map>(config.data);
        if (auto message = min_max_message(name, given))
            return {std::nullopt, WandbError{"ValueError", *message}};
        return {FilledParameter{info.distribution, with_defaults(schema, given)}, std::nullopt};
    }
    FillResult out;
    out.nested = conforms(root, wandb_definition("nested"), config);
    return out;
}

Parameter to_parameter(const FilledParameter& filled, std::vector<std::string> levels) {
    Parameter parameter;
    parameter.distribution = filled.distribution;
    for (const std::string& level : levels)
        parameter.name += (parameter.name.empty() ? "" : "/") + level;
    parameter.levels = std::move(levels);
    const auto get = [&filled](std::string_view key) { return find_value(filled.config, key); };
    const auto number = [&](std::string_view key, double& out) {
        out = number_of(get(key)).value_or(out);
    };
    if (const Value* value = get("value")) parameter.values = {*value};
    if (const Value* values = get("values")) parameter.values = std::get<List>(values->data);
    if (const Value* list = get("probabilities")) {
        for (const Value& one : std::get<List>(list->data))
            parameter.probabilities.push_back(*number_of(&one));
    }
    number("min", parameter.min);
    number("max", parameter.max);
    number("mu", parameter.mu);
    number("sigma", parameter.sigma);
    number("a", parameter.a);
    number("b", parameter.b);
    number("q", parameter.q);
    const auto is_integer = [&](std::string_view key) {
        const Value* value = get(key);
        return value != nullptr && std::holds_alternative<std::int64_t>(value->data);
    };
    parameter.q_is_integer = is_integer("q");
    parameter.bounds_are_integers = is_integer("min") && is_integer("max");
    return parameter;
}

WandbSpace wandb_space(const Map& parameters) { return SpaceReader().read(parameters); }

std::optional<WandbError> wandb_run_error(const Value& document) {
    const auto* top = std::get_if<Map>(&document.data);
    const Value* method = top == nullptr ? nullptr : find_value(*top, "method");
    if (method == nullptr)
        return WandbError{"ValueError", "Sweep config must contain method section"};
    const Value* parameters = find_value(*top, "parameters");
    if (parameters == nullptr)
        return WandbError{"ValueError", "Sweep config must contain parameters section"};
    const auto* map = std::get_if<Map>(&parameters->data);
    if (map == nullptr || map->empty()) {
        return WandbError{
            "ValueError", "Parameters section of sweep config must be a dict of at least length 1"};
    }
    const std::string name = python_str(*method);
    const bool known = std::holds_alternative<std::string>(method->data) &&
                       (name == "grid" || name == "random" || name == "bayes");
    if (!known) {
        return WandbError{
            "ValueError",
            "Invalid search type " + name + R"(, must be one of ["grid", "random", "bayes"])"};
    }
    const WandbSpace space = wandb_space(*map);
    if (name == "bayes") return bayes_error(*top, space);
    if (space.error) return space.error;
    return name == "grid" ? grid_error(space) : std::nullopt;
}

}  // namespace bw::sweeps
