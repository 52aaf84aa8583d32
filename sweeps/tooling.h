// What `batchwright sweep validate|expand|quantile|next|stop-check|command|describe|schema` prints
// with --format=json. Pure: text in, JSON out; the command line reads the files and writes what
// comes back. Sweep files may be for any program: the built-in trainer's names are checked by
// validate alone.
//
// Exit codes: 0, or 2 for invalid input; the JSON then holds "error", "wandb_error" (the text of
// W&B's package, where it refuses too) and "diagnostics" ({severity, line, column, path, message}).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace bw::sweeps {

struct ToolResult {
    std::string json;
    int exit_code = 0;
};

/// none: what is a trap in W&B's reading is refused. wandb: exactly its lenient reading, quirks
/// included.
enum class Compat { none, wandb };

enum class Verdict {
    ours,    // as `run` decides
    strict,  // W&B's own strict check: {valid, violations}
};

enum class Show { verdict, filled };

/// {valid, violations, diagnostics}; with Show::filled also {parameters: {NAME: {distribution,
/// filled}}}.
ToolResult validate_tool(std::string_view sweep, Verdict verdict, Show show);

struct ExpandOptions {
    Compat compat = Compat::none;
    std::uint64_t offset = 0;
    std::optional<std::uint64_t> limit = {};  // none: all of them
};

using Sink = std::function<void(std::string_view)>;

/// {points, configs}, written piece by piece. `points` is the size of the grid, or a random
/// search's run_cap (null: unbounded; then a limit is required). Returns the exit code.
int expand_tool(std::string_view sweep, const ExpandOptions& options, const Sink& sink);

/// {u, parameters: {NAME: {distribution, value, cdf}}}: the quantiles at `u`, and the distribution
/// function at `x`, or at the quantiles when `x` is empty. With a single parameter, value and cdf
/// stand at the top too.
ToolResult quantile_tool(
    std::string_view sweep, std::span<const double> u, std::span<const double> x, Compat compat
);

struct NextOptions {
    Compat compat = Compat::none;
    std::uint64_t n = 1;
    enum class Explain {
        no,
        yes
    } explain = Explain::no;  // adds what a model-based searcher sees of the runs
};

/// {suggestions}; null after the last point of a grid.
ToolResult next_tool(std::string_view sweep, std::string_view runs, const NextOptions& options);

/// {bands, bands_total, thresholds, stop, filled, metric}.
ToolResult stop_check_tool(std::string_view sweep, std::string_view runs, Compat compat);

struct CommandOptions {
    Compat compat = Compat::none;  // none: macros that would vanish are refused
    std::string json_file = "<FILE>";
    std::function<std::optional<std::string>(std::string_view)> environment = {};
};

/// {argv, args_json}; args_json is what belongs into the file of ${args_json_file}.
ToolResult command_tool(
    std::string_view sweep, std::string_view params, const CommandOptions& options
);

/// {name, method, parameters, grid, metric, early_terminate, run_cap, external, fingerprint}.
ToolResult describe_tool(std::string_view sweep, Compat compat);

/// A JSON Schema of the language, for editors.
ToolResult schema_tool();

}  // namespace bw::sweeps
