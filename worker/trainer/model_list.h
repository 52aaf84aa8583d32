// `batchwright-trainer --models`: what `batchwright models` asks for. Counts come from the
// constructed networks and a forward on the meta device, never from the catalogue.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"

namespace bw::trainer {

struct ModelListOptions {
    std::string name;  // empty: all of them
    int classes = 10;
    int channels = 0, height = 0, width = 0;  // 0: each model's own input
    bool tensors = false;                     // also the weights' names and shapes
};

/// "--models [NAME] [--classes N] [--input CxHxW] [--tensors]", as main() gets it. Errors:
/// invalid_input.
Result<ModelListOptions> parse_model_list_options(int argc, char** argv);

/// A JSON list of {"name", "aliases", "classes", "input", "parameters", "macs", "flops_seed",
/// "batch_norm_layers"}, with "tensors" (pairs of name and shape, as exported) where asked for. A
/// model that cannot take the input is listed at its own. A name may have a multiplier
/// ("mobilenetv1_a0.6"). Errors: not_found.
Result<std::string> model_list_json(const ModelListOptions& options);

}  // namespace bw::trainer
