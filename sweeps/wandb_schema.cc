#include "sweeps/wandb_schema.h"

#include <string>

#include "base/assert.h"
#include "sweeps/yaml_reader.h"

namespace bw::sweeps {
namespace {

// Keys stand in the order in which the package's schema has them: it is the order of the messages.
constexpr std::string_view kTop = R"(
type: object
required: [method]
additionalProperties: false
properties:
  apiVersion: {type: string}
  kind: {type: string, enum: [sweep]}
  controller: {type: object, properties: {type: {type: string, enum: [local, cloud]}}, required: [type]}
  description: {type: string}
  program: {type: string}
  job: {type: string}
  image_uri: {type: string}
  entity: {type: string}
  project: {type: string}
  method: {enum: [bayes, random, grid, custom]}
  command: {type: array}
  name: {type: string}
  run_cap: {type: integer, exclusiveMinimum: 0}
  metric: {$ref: "#/definitions/metric"}
  metrics: {type: array, minItems: 2, items: {$ref: "#/definitions/metric"}}
  scheduler: {$ref: "#/definitions/scheduler"}
  early_terminate: {oneOf: [{$ref: "#/definitions/hyperband"}]}
  parameters: {$ref: "#/definitions/parameters"}
definitions:
  parameters:
    type: object
    propertyNames: {pattern: "^^[A-Za-z_][A-Za-z0-9_.-]*$"}
    additionalProperties: {$ref: "#/definitions/parameter"}
    minProperties: 1
  nested:
    type: object
    required: [parameters]
    properties: {parameters: {$ref: "#/definitions/parameters"}}
    additionalProperties: false
  metric:
    type: object
    required: [name]
    additionalProperties: false
    properties:
      name: {type: string}
      goal: {type: string, enum: [minimize, maximize], default: minimize}
      target: {type: number}
      impute: {type: string, enum: [latest, best, worst], default: worst}
      impute_while_running: {type: string, enum: [latest, best, worst, "false"], default: "false"}
  scheduler:
    type: object
    required: [engine]
    additionalProperties: false
    properties:
      engine: {type: string, enum: [optuna, ax, wandb]}
      source: {type: string}
      optimizer: {type: string}
      search_space: {type: string}
    dependencies: {optimizer: [source], search_space: [source]}
  hyperband:
    type: object
    required: [type]
    anyOf: [{required: [max_iter, s]}, {required: [min_iter]}]
    additionalProperties: false
    properties:
      type: {type: string, enum: [hyperband]}
      max_iter: {type: integer}
      min_iter: {type: integer, minimum: 1}
      s: {type: number}
      eta: {type: number, exclusiveMinimum: 1, default: 3}
      strict: {type: boolean, default: true}
)";

constexpr std::string_view kAny = "{type: number}";
constexpr std::string_view kFloat = "{type: number, format: float}";
constexpr std::string_view kQuantum = "q: {type: number, default: 1.0, exclusiveMinimum: 0}";

std::string object(std::string_view required, std::string_view properties) {
    return "{type: object, required: [" + std::string(required) + "], properties: {" +
           std::string(properties) + "}, additionalProperties: false}";
}

std::string named(const DistributionInfo& info) {
    return "distribution: {enum: [" + std::string(info.name) + "]}";
}

std::string inferable(const DistributionInfo& info) {
    return "distribution: {enum: [" + std::string(info.name) +
           "], default: " + std::string(info.name) + "}";
}

std::string bounds(std::string_view min, std::string_view max) {
    return "min: " + std::string(min) + ", max: " + std::string(max) + ", ";
}

std::string uniform_schema(const DistributionInfo& info) {
    std::string out =
        "{anyOf: [" + object("min, max, distribution", bounds(kAny, kAny) + named(info));
    for (const auto& [min, max] : {std::pair{kFloat, kFloat}, {kAny, kFloat}, {kFloat, kAny}}) {
        out += ", " + object("min, max", bounds(min, max) + inferable(info));
    }
    return out + "]}";
}

std::string bounded_schema(const DistributionInfo& info) {
    if (info.distribution == Distribution::uniform) return uniform_schema(info);
    if (info.bounds_integer) {
        constexpr std::string_view kInteger = "{type: integer, format: integer}";
        return object("min, max", bounds(kInteger, kInteger) + inferable(info));
    }
    const std::string_view min = info.min_positive ? "{type: number, exclusiveMinimum: 0.0}" : kAny;
    const std::string quantum = is_quantised(info.shape) ? std::string(kQuantum) + ", " : "";
    return object("distribution, max, min", bounds(min, kAny) + quantum + named(info));
}

std::string normal_schema(const DistributionInfo& info) {
    // The package's own defaults: floats for the plain forms, integers for the quantised ones.
    if (is_quantised(info.shape)) {
        return object(
            "distribution",
            std::string(kQuantum) +
                ", mu: {type: number, default: 0}, sigma: {type: number, default: 1, minimum: "
                "0}, " +
                named(info)
        );
    }
    return object(
        "distribution",
        named(info) +
            ", mu: {type: number, default: 0.0}, sigma: {type: number, default: 1.0, minimum: 0.0}"
    );
}

std::string schema_of(const DistributionInfo& info) {
    constexpr std::string_view kList = "values: {type: array, minItems: 1}, ";
    constexpr std::string_view kProbabilities =
        "probabilities: {type: array, minItems: 1, items: {type: number, minimum: 0}}, ";
    constexpr std::string_view kBeta =
        "a: {type: number, minimum: 0, default: 1}, b: {type: number, minimum: 0, default: 1}, ";
    switch (info.shape) {
        case Shape::constant:
            return object("value", "value: {}, " + inferable(info));
        case Shape::categorical:
            return object("values", std::string(kList) + inferable(info));
        case Shape::weighted:
            return object(
                "values, probabilities",
                std::string(kList) + std::string(kProbabilities) + inferable(info)
            );
        case Shape::bounded:
        case Shape::bounded_q:
            return bounded_schema(info);
        case Shape::normal:
        case Shape::normal_q:
            return normal_schema(info);
        case Shape::beta:
            return object("distribution", std::string(kBeta) + named(info));
        case Shape::beta_q:
            return object(
                "distribution", std::string(kBeta) + std::string(kQuantum) + ", " + named(info)
            );
    }
    return "{}";
}

Map make_schema() {
    std::string text(kTop);
    std::string choices;
    for (const DistributionInfo& info : distributions()) {
        text += "  " + std::string(info.name) + ": " + schema_of(info) + "\n";
        choices += "{$ref: \"#/definitions/" + std::string(info.name) + "\"}, ";
    }
    text += "  parameter: {anyOf: [" + choices + "{$ref: \"#/definitions/nested\"}]}\n";
    const YamlTree tree = read_yaml(text);
    BW_ASSERT(tree.root && tree.diagnostics.empty(), "our own schema is well-formed");
    return std::get<Map>(to_value(*tree.root).data);
}

}  // namespace

const Map& wandb_schema() {
    static const Map kSchema = make_schema();
    return kSchema;
}

const Map& wandb_definition(std::string_view name) {
    const Value* found =
        find_value(std::get<Map>(find_value(wandb_schema(), "definitions")->data), name);
    BW_ASSERT(found != nullptr, "a definition that the schema has");
    return std::get<Map>(found->data);
}

}  // namespace bw::sweeps
