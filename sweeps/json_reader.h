// JSON into the same tree as YAML. YAML nearly contains JSON, but its parser stumbles over tabs
// between tokens, surrogate pairs and long keys.
#pragma once

#include <string_view>

#include "sweeps/tree_builder.h"

namespace bw::sweeps {

/// Whether the whole text is JSON; then the tree was built. NaN and Infinity are read as Python
/// writes them. The builder may stop the reading (ReadStop), as with YAML; duplicate keys are its
/// matter too.
bool read_json(std::string_view text, TreeBuilder& builder);

}  // namespace bw::sweeps
