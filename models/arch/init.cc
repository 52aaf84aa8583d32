#include "models/arch/init.h"

#include <cmath>

#include <c10/core/GradMode.h>

#include "models/arch/layers.h"

namespace bw::models {

namespace {

struct Fans {
    double in;
    double out;
};

// weight: [out, in / groups, kernel...]; LibTorch counts a group's inputs and all outputs.
Fans fans_of(const torch::Tensor& weight) {
    const auto field = static_cast<double>(weight.numel() / (weight.size(0) * weight.size(1)));
    return {
        static_cast<double>(weight.size(1)) * field, static_cast<double>(weight.size(0)) * field};
}

void fill_default(torch::Tensor& weight, torch::Tensor& bias) {
    const double bound = 1.0 / std::sqrt(fans_of(weight).in);
    weight.uniform_(-bound, bound);
    if (bias.defined()) bias.uniform_(-bound, bound);
}

template <class Weighted>
void fill(Weighted& layer, WeightInit init) {
    constexpr bool is_conv = std::is_same_v<Weighted, Conv>;
    const auto fans = fans_of(layer.weight);
    switch (init) {
        case WeightInit::torch_default:
            fill_default(layer.weight, layer.bias);
            return;
        case WeightInit::he_fan_out:
            if (!is_conv) return fill_default(layer.weight, layer.bias);
            layer.weight.normal_(0.0, std::sqrt(2.0 / fans.out));
            break;
        case WeightInit::xavier_uniform: {
            const double bound = std::sqrt(6.0 / (fans.in + fans.out));
            layer.weight.uniform_(-bound, bound);
            break;
        }
    }
    if (layer.bias.defined()) layer.bias.zero_();
}

}  // namespace

void initialise(torch::nn::Module& network, WeightInit init) {
    const torch::NoGradGuard no_grad;
    for (const auto& module : network.modules()) {
        if (auto* conv = dynamic_cast<Conv*>(module.get())) fill(*conv, init);
        if (auto* linear = dynamic_cast<Linear*>(module.get())) fill(*linear, init);
        if (auto* norm = dynamic_cast<LayerNorm*>(module.get())) {
            norm->weight.fill_(1.0);
            norm->bias.zero_();
        }
    }
}

}  // namespace bw::models
