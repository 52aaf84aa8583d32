// Initial values, drawn from LibTorch's default generator in registration order. Scales are 1,
// shifts are 0.
#pragma once

#include <torch/nn/module.h>

namespace bw::models {

enum class WeightInit {
    torch_default,   // U(±1/sqrt(fan_in)), biases too
    he_fan_out,      // convolutions N(0, sqrt(2 / fan_out)); linear layers as torch_default
    xavier_uniform,  // weights U(±sqrt(6 / (fan_in + fan_out))), biases 0
};

/// Every convolution, linear layer and normalisation of the network.
void initialise(torch::nn::Module& network, WeightInit init);

}  // namespace bw::models
