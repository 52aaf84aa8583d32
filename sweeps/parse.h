// From text to a Sweep. Pure; never throws; bad input yields diagnostics, arbitrary bytes included.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "sweeps/diagnostics.h"
#include "sweeps/sweep.h"

namespace bw::sweeps {

struct Parsed {
    std::optional<Sweep> sweep;           // absent when there is an error
    std::vector<Diagnostic> diagnostics;  // sorted by position; at most kDiagnosticsMax
};

/// YAML (or JSON) text in W&B's sweep syntax (../shared/sweeps/SYNTAX.md) with our key
/// `batchwright:`.
Parsed parse_sweep(std::string_view text);

}  // namespace bw::sweeps
