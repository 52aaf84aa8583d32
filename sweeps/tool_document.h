// A sweep file as the tools read it, in either reading, and the JSON of a refusal.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sweeps/diagnostics.h"
#include "sweeps/sweep.h"
#include "sweeps/tooling.h"
#include "sweeps/wandb_space.h"

namespace bw::sweeps {

struct ToolDocument {
    Value document;
    Sweep sweep;                 // as far as it could be read; of a grid, equal values once
    std::vector<Parameter> raw;  // with the values as written
    std::vector<Diagnostic> diagnostics;
    std::optional<WandbError> wandb;  // what the package would raise
    bool readable = false;            // it is YAML
    bool refused = false;             // in the reading that was asked for
};

ToolDocument read_document(std::string_view text, Compat compat);

Value diagnostics_value(const std::vector<Diagnostic>& diagnostics);

/// For a document that is refused.
Value refusal(const ToolDocument& document, Compat compat);

/// For another reason, in our words and in W&B's.
Value refusal(const std::string& message, const std::optional<WandbError>& wandb);

ToolResult refused(const Value& refusal);

Value text_value(std::string_view text);
Value integer_value(std::uint64_t number);
Value number_list(const std::vector<double>& numbers);

}  // namespace bw::sweeps
