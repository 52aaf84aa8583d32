// `batchwright train`: one network, with the flags, configuration and output folders of the seed
// collection's own script; the run itself is that of `batchwright run`.
#pragma once

#include <functional>
#include <string>

#include "cli/commands.h"

namespace CLI {
class App;
}

namespace bw::cli {

using Action = std::function<int()>;

struct TrainOptions {
    std::string model;
    std::string config;   // empty: config.yaml here, if there is one
    std::string weights;  // a safetensors file to begin with; empty: the network's own values
    bool model_save = false, checkpoint = false, sam = false;
    RunOptions run;
};

int train(const TrainOptions& options);

void add_train(CLI::App& app, Action& action);

}  // namespace bw::cli
