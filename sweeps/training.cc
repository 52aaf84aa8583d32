#include "sweeps/training.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "base/assert.h"
#include "base/text.h"
#include "models/catalog/catalog.h"
#include "sweeps/datasets.h"
#include "sweeps/options.h"
#include "sweeps/training_rules.h"

namespace bw::sweeps {
namespace {

constexpr double kCountMax = 1e12;
constexpr double kResolutionMax = 4096;

constexpr std::array<std::string_view, 2> kOptimizers = {"adam", "sgd"};
constexpr std::array<std::string_view, 2> kPrecisions = {"fp32", "fp64"};
constexpr std::array<std::string_view, 2> kAugmentations = {"none", "crop_flip"};

Value integer(std::int64_t number) { return Value{number}; }

Value text(const char* word) { return Value{std::string(word)}; }

using P = TrainingParameter;
using T = ParameterType;

std::vector<TrainingParameter> make_table() {
    std::vector<TrainingParameter> table = {
        P{.name = "model",
          .alias = "",
          .type = T::text,
          .fallback = {},
          .help = "network; required"},
        P{.name = "dataset",
          .alias = "",
          .type = T::text,
          .fallback = text("fashion_mnist"),
          .choices = dataset_names(),
          .help = "data set"},
        P{.name = "num_epochs",
          .alias = "epochs",
          .type = T::integer,
          .fallback = integer(10),
          .min = 1,
          .max = 1e6,
          .help = "passes over the training samples"},
        P{.name = "max_steps",
          .alias = "",
          .type = T::integer,
          .fallback = integer(0),
          .min = 0,
          .max = kCountMax,
          .help = "end after so many optimizer steps; 0: no limit"},
        P{.name = "learning_rate",
          .alias = "lr",
          .type = T::number,
          .fallback = Value{0.001},
          .min = 0,
          .max = 1e6,
          .help = "step size of the optimizer"},
        P{.name = "batch_size",
          .alias = "",
          .type = T::integer,
          .fallback = integer(128),
          .min = 1,
          .max = static_cast<double>(kBatchMax),
          .help = "global batch: samples of one optimizer step, over all ranks"},
        P{.name = "image_resolution",
          .alias = "",
          .type = T::integer,
          .fallback = integer(0),
          .min = 0,
          .max = kResolutionMax,
          .help = "side of the images in pixels; 0: as in the data set"},
        P{.name = "optimizer",
          .alias = "",
          .type = T::text,
          .fallback = text("adam"),
          .choices = kOptimizers,
          .help = "update rule"},
        P{.name = "momentum",
          .alias = "",
          .type = T::number,
          .fallback = Value{0.0},
          .min = 0,
          .max = 0.999999,
          .help = "of sgd"},
        P{.name = "weight_decay",
          .alias = "",
          .type = T::number,
          .fallback = Value{0.0},
          .min = 0,
          .max = 1e3,
          .help = "L2 penalty added to the gradient"},
        P{.name = "seed",
          .alias = "",
          .type = T::integer,
          .fallback = integer(0),
          .min = 0,
          .max = 9.007199254740992e15,
          .help = "of initial weights, order of samples and augmentation"},
        P{.name = "eval_interval",
          .alias = "",
          .type = T::integer,
          .fallback = integer(1),
          .min = 0,
          .max = 1e6,
          .help = "epochs between evaluations; 0: never"},
        P{.name = "drop_last",
          .alias = "",
          .type = T::boolean,
          .fallback = Value{true},
          .help = "drop the last batch of an epoch when it is not full"},
        P{.name = "limit_train_samples",
          .alias = "",
          .type = T::integer,
          .fallback = integer(0),
          .min = 0,
          .max = kCountMax,
          .help = "use only the first so many training samples; 0: all"},
        P{.name = "limit_test_samples",
          .alias = "",
          .type = T::integer,
          .fallback = integer(0),
          .min = 0,
          .max = kCountMax,
          .help = "use only the first so many test samples; 0: all"},
        P{.name = "precision",
          .alias = "",
          .type = T::text,
          .fallback = text("fp32"),
          .choices = kPrecisions,
          .help = "of weights and arithmetic"},
        P{.name = "augment",
          .alias = "",
          .type = T::text,
          .fallback = text("none"),
          .choices = kAugmentations,
          .help = "random changes of the training images"},
    };
    std::sort(table.begin(), table.end(), [](const P& a, const P& b) { return a.name < b.name; });
    return table;
}

const std::vector<TrainingParameter>& table() {
    static const std::vector<TrainingParameter> kTable = make_table();
    return kTable;
}

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
    if (std::find(choices.begin(), choices.end(), *word) != choices.end()) return std::nullopt;
    std::string out = "expected";
    for (std::size_t i = 0; i < choices.size(); ++i) {
        out += (i == 0 ? " " : i + 1 == choices.size() ? " or " : ", ") + std::string(choices[i]);
    }
    return out + ", found " + shown(value) + did_you_mean(*word, choices);
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

std::span<const TrainingParameter> training_parameters() { return table(); }

const TrainingParameter* find_training_parameter(std::string_view name_or_alias) {
    if (name_or_alias.empty()) return nullptr;
    for (const TrainingParameter& parameter : table()) {
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
    }
    return std::nullopt;
}

Map complete_training_params(const Map& given) {
    Map out;
    for (const TrainingParameter& parameter : table()) {
        const Value* value = find_value(given, parameter.name);
        if (value == nullptr && !parameter.alias.empty())
            value = find_value(given, parameter.alias);
        out.emplace_back(
            parameter.name, settled(parameter, value == nullptr ? parameter.fallback : *value)
        );
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
