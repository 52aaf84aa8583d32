// One parameter of the search space from its definition.
#pragma once

#include <optional>
#include <string>

#include "sweeps/problems.h"
#include "sweeps/sweep.h"
#include "sweeps/yaml_reader.h"

namespace bw::sweeps {

/// Without name and levels. Nothing when it is wrong; then at least one error was recorded.
std::optional<Parameter> read_parameter(
    const Entry& entry, const std::string& path, Problems& problems
);

}  // namespace bw::sweeps
