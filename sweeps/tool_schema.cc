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
