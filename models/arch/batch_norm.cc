#include "models/arch/batch_norm.h"

#include <algorithm>

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include "models/arch/ghost_norm.h"
#include "models/arch/recompute.h"

namespace bw::models {

BatchNormImpl::BatchNormImpl(std::int64_t channels, double eps, double momentum)
    : eps_(eps), momentum_(momentum) {
    const auto on = torch::TensorOptions(ParametersOn::device());
    weight = register_parameter("weight", torch::ones({channels}, on));
    bias = register_parameter("bias", torch::zeros({channels}, on));
    running_mean = register_buffer("running_mean", torch::zeros({channels}, on));
    running_var = register_buffer("running_var", torch::ones({channels}, on));
    num_batches_tracked =
        register_buffer("num_batches_tracked", torch::zeros({}, on.dtype(torch::kLong)));
    collected_ = torch::zeros({2 * channels + 1}, on.dtype(torch::kDouble));
}

torch::Tensor BatchNormImpl::plain(
    const torch::Tensor& x, BatchNormMode mode, RunningStatistics running
) {
    const bool by_batch = is_training() && mode != BatchNormMode::frozen;
    const bool update = by_batch && running == RunningStatistics::yes;
    const bool pass = !by_batch || update;
    if (update) num_batches_tracked.add_(1);
    return at::batch_norm(
        x,
        weight,
        bias,
        pass ? running_mean : torch::Tensor(),
        pass ? running_var : torch::Tensor(),
        by_batch,
        momentum_,
        eps_,
        /*cudnn_enabled=*/true
    );
}

torch::Tensor BatchNormImpl::forward(torch::Tensor x) {
    if (is_shape_only(x)) return x;
    const auto mode = layout_ == nullptr ? BatchNormMode::micro_batch : layout_->mode;
    const auto wanted = layout_ == nullptr ? RunningStatistics::yes : layout_->running_statistics;
    const auto running = is_repeated_forward() ? RunningStatistics::no : wanted;
    if (!is_training() || mode != BatchNormMode::ghost) return plain(x, mode, running);
    if (collected_.device() != x.device()) collected_ = collected_.to(x.device());
    const auto sums = running == RunningStatistics::yes ? collected_ : torch::Tensor();
    return ghost_norm(x, weight, bias, layout_->group_sizes, eps_, sums);
}

LayerCost BatchNormImpl::cost(const torch::Tensor& x, const torch::Tensor&) const {
    return {.macs = 0, .seed_flops = x.dim() == 4 ? 2 * x.numel() : 0};
}

void BatchNormImpl::commit_running_statistics() {
    const torch::NoGradGuard no_grad;
    if (!collected_.is_cpu()) {
        commit_on_device();
        return;
    }
    const std::int64_t channels = weight.size(0);
    const double n = collected_[2 * channels].item<double>();
    if (n == 0.0) return;
    const auto mean = collected_.narrow(0, 0, channels) / n;
    const auto variance =
        (collected_.narrow(0, channels, channels) / n - mean.square()).clamp_min(0.0);
    const auto unbiased = variance * (n / std::max(1.0, n - 1.0));
    running_mean.lerp_(mean.to(running_mean.options()), momentum_);
    running_var.lerp_(unbiased.to(running_var.options()), momentum_);
    num_batches_tracked.add_(1);
    collected_.zero_();
}

void BatchNormImpl::commit_on_device() {
    const std::int64_t channels = weight.size(0);
    const auto n = collected_.narrow(0, 2 * channels, 1);
    const auto was_used = n.gt(0.0);
    const auto divisor = n.clamp_min(1.0);
    const auto mean = collected_.narrow(0, 0, channels) / divisor;
    const auto variance =
        (collected_.narrow(0, channels, channels) / divisor - mean.square()).clamp_min(0.0);
    const auto unbiased = variance * (divisor / (divisor - 1.0).clamp_min(1.0));
    const auto step = (was_used * momentum_).to(running_mean.options());
    running_mean.lerp_(mean.to(running_mean.options()), step);
    running_var.lerp_(unbiased.to(running_var.options()), step);
    num_batches_tracked.add_(was_used.squeeze(0));
    collected_.zero_();
}

void BatchNormImpl::discard_collected() { collected_.zero_(); }

std::vector<BatchNormImpl*> batch_norm_layers(torch::nn::Module& network) {
    std::vector<BatchNormImpl*> layers;
    for (const auto& module : network.modules()) {
        if (auto* layer = dynamic_cast<BatchNormImpl*>(module.get())) layers.push_back(layer);
    }
    return layers;
}

}  // namespace bw::models
