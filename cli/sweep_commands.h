// The options of `batchwright sweep ...`, declared apart from the other sub-commands because there
// are many.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace bw::cli {

/// What the chosen sub-command does; set by its callback, run after parsing.
using Action = std::function<int()>;

struct SweepToolOptions {
    std::string file;
    std::string format = "json";
    std::string compat = "none";
    bool strict = false, show_filled = false, explain = false;
    std::uint64_t offset = 0;
    std::optional<std::uint64_t> limit;
    std::vector<double> u, x;
    std::string runs_file, params_file;
    std::uint64_t n = 1;
    std::optional<std::uint64_t> seed;
};

void add_sweep(CLI::App& app, SweepToolOptions& options, Action& action);

}  // namespace bw::cli
