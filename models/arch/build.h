// From a name of the catalogue to a network. The one header of models/arch that the trainer
// includes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <torch/nn/module.h>
#include <torch/types.h>

#include "base/result.h"
#include "models/arch/layer.h"

namespace bw::models {

struct InputShape {
    int channels = 3;
    int height = 224;
    int width = 224;
};

/// Logits of a head that exists in training only, and the weight of its loss.
struct AuxiliaryLogits {
    torch::Tensor logits;
    double weight = 0.0;
};

/// A network for image classification. Not thread-safe; one instance per rank.
/// x: [batch, channels, height, width] floating  ->  logits: [batch, classes] of the same type.
class Network : public Layer {
public:
    /// What the auxiliary heads said in the last forward in training, handed over once. Empty
    /// without such heads.
    virtual std::vector<AuxiliaryLogits> take_auxiliaries() { return {}; }

    /// What the network's library calls a parameter or buffer of ours.
    virtual std::string library_name(const std::string& name) const { return name; }

    /// Floating values to a device and a type; counters stay integers (Module::to converts them,
    /// too).
    void move_to(torch::Device device, torch::Dtype type);

    /// Turns every dropout and stochastic depth off, also in training.
    void disable_dropout();
};

/// Parameters are registered in the order of the paper's (library's) definition and initialised as
/// SPEC.md says, from LibTorch's default generator: seed it first. Errors: Errc::not_found,
/// Errc::unsupported (input).
Result<std::shared_ptr<Network>> build_network(
    std::string_view name, int classes, InputShape input
);

/// The same without values in the parameters: to count, or to load weights into.
Result<std::shared_ptr<Network>> construct_network(
    std::string_view name, int classes, InputShape input
);

}  // namespace bw::models
