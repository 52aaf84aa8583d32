// Initial values, drawn from LibTorch's default generator in registration order.
#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

namespace bw::models {

enum class Distribution {
    torch_default,     // U(±1/sqrt(fan_in))
    he_normal_out,     // N(0, sqrt(2 / fan_out))
    he_normal_in,      // N(0, sqrt(2 / fan_in))
    he_uniform_in,     // U(±sqrt(6 / fan_in))
    xavier_uniform,    // U(±sqrt(6 / (fan_in + fan_out)))
    normal,            // N(0, scale)
    truncated_normal,  // N(0, scale) cut at ±2
};

struct WeightInit {
    Distribution distribution = Distribution::torch_default;
    double scale = 0.0;  // the deviation of a normal one
};

/// Biases are 0, except that torch_default draws them as it draws the weights. Normalisations:
/// scale 1, shift 0.
struct NetworkInit {
    WeightInit convolutions;
    WeightInit linears;
};

/// Every convolution, linear layer and normalisation of the network.
void initialise(torch::nn::Module& network, const NetworkInit& init);

/// One tensor, by its own fans: [out, in, kernel...].
void fill_weight(torch::Tensor& weight, const WeightInit& init);

}  // namespace bw::models
