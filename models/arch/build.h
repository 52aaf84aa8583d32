// From a name of the catalogue to a network. The one header of models/arch that the trainer includes.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include <torch/nn/module.h>
#include <torch/types.h>

#include "base/result.h"

namespace bw::models {

struct InputShape {
    int channels = 3;
    int height = 224;
    int width = 224;
};

/// A network for image classification. Not thread-safe; one instance per rank.
/// x: [batch, channels, height, width] floating  ->  logits: [batch, classes] of the same type.
class Network : public torch::nn::Module {
public:
    virtual torch::Tensor forward(torch::Tensor x) = 0;
};

/// Parameters are registered in the order of the paper's (library's) definition and initialised as SPEC.md says,
/// from LibTorch's default generator: seed it first. Errors: Errc::not_found, Errc::unsupported (input).
Result<std::shared_ptr<Network>> build_network(std::string_view name, int classes, InputShape input);

}  // namespace bw::models
