#include "models/arch/count.h"

#include <c10/core/GradMode.h>

#include "models/arch/batch_norm.h"

namespace bw::models {

namespace {

class CostSum final : public CallObserver {
public:
    explicit CostSum(NetworkCounts& counts) : counts_(counts) {}

    void on_call(const Layer& layer, const torch::Tensor& x, const torch::Tensor& y) override {
        const auto cost = layer.cost(x, y);
        counts_.macs += cost.macs;
        counts_.flops_seed += cost.seed_flops;
    }

private:
    NetworkCounts& counts_;
};

}  // namespace

NetworkCounts count_calls(Network& network, InputShape input) {
    const torch::NoGradGuard no_grad;
    NetworkCounts counts;
    for (const auto& parameter : network.parameters()) {
        counts.parameters += parameter.numel();
        ++counts.parameter_tensors;
    }
    for (const auto* layer : batch_norm_layers(network)) {
        ++counts.batch_norm_layers;
        counts.batch_norm_values += layer->running_mean.numel() + layer->running_var.numel();
    }
    network.eval();
    CostSum sum(counts);
    const ObservedCalls observed(sum);
    network.forward(torch::empty({1, input.channels, input.height, input.width}, torch::kMeta));
    return counts;
}

Result<NetworkCounts> count_network(std::string_view name, int classes, InputShape input) {
    const ParametersOn meta(torch::kMeta);
    const auto network = construct_network(name, classes, input);
    if (!network) return network.error();
    return count_calls(**network, input);
}

}  // namespace bw::models
