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

// Through the inverse of the distribution function, as torch.nn.init.trunc_normal_ does.
void fill_truncated(torch::Tensor& weight, double deviation) {
    const double edge = std::erf(2.0 / deviation / std::sqrt(2.0));
    weight.uniform_(-edge, edge).erfinv_().mul_(deviation * std::sqrt(2.0)).clamp_(-2.0, 2.0);
}

template <class Weighted>
void fill_layer(Weighted& layer, const WeightInit& init) {
    fill_weight(layer.weight, init);
    if (!layer.bias.defined()) return;
    if (init.distribution != Distribution::torch_default) {
        layer.bias.zero_();
        return;
    }
    const double bound = 1.0 / std::sqrt(fans_of(layer.weight).in);
    layer.bias.uniform_(-bound, bound);
}

template <class Norm>
void fill_norm(Norm& norm) {
    norm.weight.fill_(1.0);
    norm.bias.zero_();
}

}  // namespace

void fill_weight(torch::Tensor& weight, const WeightInit& init) {
    const torch::NoGradGuard no_grad;
    const auto fans = fans_of(weight);
    const auto uniform = [&weight](double bound) { weight.uniform_(-bound, bound); };
    switch (init.distribution) {
        case Distribution::torch_default:
            uniform(std::sqrt(1.0 / fans.in));
            break;
        case Distribution::he_normal_out:
            weight.normal_(0.0, std::sqrt(2.0 / fans.out));
            break;
        case Distribution::he_normal_in:
            weight.normal_(0.0, std::sqrt(2.0 / fans.in));
            break;
        case Distribution::he_uniform_in:
            uniform(std::sqrt(6.0 / fans.in));
            break;
        case Distribution::xavier_uniform:
            uniform(std::sqrt(6.0 / (fans.in + fans.out)));
            break;
        case Distribution::normal:
            weight.normal_(0.0, init.scale);
            break;
        case Distribution::truncated_normal:
            fill_truncated(weight, init.scale);
            break;
    }
}

void initialise(torch::nn::Module& network, const NetworkInit& init) {
    const torch::NoGradGuard no_grad;
    for (const auto& module : network.modules()) {
        if (auto* conv = dynamic_cast<Conv*>(module.get())) fill_layer(*conv, init.convolutions);
        if (auto* linear = dynamic_cast<Linear*>(module.get())) fill_layer(*linear, init.linears);
        if (auto* norm = dynamic_cast<LayerNorm*>(module.get())) fill_norm(*norm);
    }
}

}  // namespace bw::models
