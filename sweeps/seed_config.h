// The configuration of the seed collection's own script, as a sweep of one point. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace bw::sweeps {

enum class SeedOptimizer {
    of_script,  // the recipe `seed` of the network, where it has one, else the configuration's
    sam,        // sharpness-aware around SGD, as the script's --sam
};

struct SeedRun {
    std::string model = {};        // a name of the catalogue; the script's names are aliases
    std::string config = {};       // YAML text; empty: the script's defaults
    std::string config_name = {};  // for diagnostics
    SeedOptimizer optimizer = SeedOptimizer::of_script;
    bool save_best = false;
    std::string weights = {};  // a file of initial weights
};

/// The sweep file's text (JSON). The configuration is a map `parameters` with the script's keys
/// (num_epochs, learning_rate, batch_size, image_resolution, MNIST, n_classes, optimizer) or any
/// parameter of the built-in trainer; what the script's optimizer table fixes wins, as it did
/// there. Errors: invalid_input, a line for each problem: `config.yaml:3:5: parameters.lr: ...`.
Result<std::string> seed_sweep(const SeedRun& run);

}  // namespace bw::sweeps
