// `batchwright sweep next` for every method: grids and plain random search as sweeps/tooling.h
// answers them, all others from a searcher. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "sweeps/tooling.h"

namespace bw::search {

/// As sweeps::next_tool. `seed`: of the search; none: the file's batchwright.seed. With
/// Compat::wandb a run without a value counts as zero where W&B's package says so.
sweeps::ToolResult next_tool(
    std::string_view sweep,
    std::string_view runs,
    const sweeps::NextOptions& options,
    std::optional<std::uint64_t> seed = {}
);

}  // namespace bw::search
