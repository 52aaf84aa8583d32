#include <utility>

#include "base/assert.h"
#include "sweeps/tool_document.h"
#include "sweeps/wandb_schema.h"
#include "sweeps/yaml_reader.h"

namespace bw::sweeps {
namespace {

constexpr std::string_view kReserved = R"(
type: object
description: How Batchwright searches and runs; every other key is W&B's.
additionalProperties: false
properties:
  world_size: {type: integer, minimum: 1, default: 1, description: Ranks of a job.}
  seed: {type: integer, minimum: 0, default: 0, description: Of the search.}
  device: {enum: [auto, cpu, cuda], default: auto, description: The kind of device that a job needs.}
  checkpoint_steps: {type: integer, minimum: 0, default: 0, description: "Steps between checkpoints; 0: every epoch."}
  retries: {type: integer, minimum: 0, default: 2, description: Attempts after the first that a job may need.}
  concurrency: {type: integer, minimum: 0, default: 0, description: "Jobs at a time; 0: as many as there are slots."}
  micro_batch: {type: integer, minimum: 0, default: 0, description: "Samples at once on a device; 0: planned."}
  memory_limit: {type: [string, integer], description: "What a job may take of a device, such as 8GiB; the smaller of it and the device's own holds."}
  bn: {type: string, pattern: "^(ghost(\\([1-9][0-9]*\\))?|micro_batch|frozen)$", default: ghost,
       description: Which samples BatchNorm normalises together.}
  sampler: {enum: [random, sobol, tpe, gp], description: How random and bayes find points.}
  stopper:
    description: Which jobs do not run to their end.
    oneOf:
      - {type: object, required: [type], additionalProperties: false, properties: {type: {const: asha}, min_iter: {type: integer, minimum: 1, default: 1}, max_iter: {type: integer, minimum: 2}, eta: {type: number, exclusiveMinimum: 1, default: 3}}}
      - {type: object, required: [type], additionalProperties: false, properties: {type: {const: median}, min_iter: {type: integer, minimum: 1, default: 1}, min_jobs: {type: integer, minimum: 1, default: 3}}}
      - {type: object, required: [type], additionalProperties: false, properties: {type: {const: patience}, reports: {type: integer, minimum: 1, default: 10}, min_delta: {type: number, exclusiveMinimum: 0}}}
  budget: {type: object, additionalProperties: false, properties: {jobs: {type: integer, minimum: 1}, device_hours: {type: number, exclusiveMinimum: 0}}, description: What the sweep may use in all.}
  max_failures: {type: integer, minimum: 0, default: 0, description: "Failed jobs after which no new one starts; 0: no such limit."}
  replicas:
    description: Every point so many times.
    oneOf:
      - {type: integer, minimum: 1, maximum: 1000}
      - {type: object, additionalProperties: false, properties: {count: {type: integer, minimum: 1, maximum: 1000}, parameter: {type: string, default: seed}, aggregate: {enum: [mean, median, min, max], default: mean}}}
  points: {type: array, items: {type: object, minProperties: 1}, description: These points come first.}
  include: {type: array, items: {type: object, minProperties: 1}, description: "Added to the points of a grid, as in GitHub's matrix."}
  exclude: {type: array, items: {type: object, minProperties: 1}, description: Points of a grid that are left out.}
  order: {enum: [sorted, file, random], default: sorted, description: Of a grid.}
  per_model: {type: object, additionalProperties: {type: object}, description: "What holds for a model's points."}
)";

}  // namespace

ToolResult schema_tool() {
    const YamlTree tree = read_yaml(kReserved);
    BW_ASSERT(tree.root.has_value(), "our own schema is well-formed");
    Map schema = {
        {"$schema", text_value("http://json-schema.org/draft-07/schema#")},
        {"title", text_value("Batchwright sweep")},
    };
    for (auto [key, value] : wandb_schema()) {
        if (key == "properties")
            std::get<Map>(value.data).emplace_back("batchwright", to_value(*tree.root));
        schema.emplace_back(key, std::move(value));
    }
    return {to_json(Value{std::move(schema)}), 0};
}

}  // namespace bw::sweeps
