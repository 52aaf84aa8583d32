// The schema that W&B's package checks sweeps against (sweeps 0.3.0), restated: the same rules in
// the same order, so that the verdict and the messages are the same.
#pragma once

#include <string_view>

#include "sweeps/distributions.h"
#include "sweeps/value.h"

namespace bw::sweeps {

/// The whole: top-level keys, and under "definitions" the parts.
const Map& wandb_schema();

/// A part by the name of its definition: "metric", "hyperband", "parameter", a distribution's name,
/// "nested".
const Map& wandb_definition(std::string_view name);

}  // namespace bw::sweeps
