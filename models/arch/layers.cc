#include "models/arch/layers.h"

#include <utility>

#include <ATen/ATen.h>

#include "models/arch/small_conv.h"

namespace bw::models {

Conv::Conv(std::int64_t in, std::int64_t out, const ConvOptions& options) : options_(options) {
    weight = parameter("weight", {out, in / options.groups, options.kernel.h, options.kernel.w});
    if (options.bias == Bias::yes) bias = parameter("bias", {out});
}

namespace {

/// The side of a convolution's output; throws as LibTorch does when the kernel does not fit.
std::int64_t moved(
    std::int64_t side, std::int64_t kernel, std::int64_t stride, std::int64_t padding
) {
    TORCH_CHECK(side + 2 * padding >= kernel, "the kernel is larger than the padded image");
    return (side + 2 * padding - kernel) / stride + 1;
}

}  // namespace

torch::Tensor Conv::forward(torch::Tensor x) {
    if (is_shape_only(x)) {
        const auto h = moved(x.size(2), options_.kernel.h, options_.stride, options_.padding.h);
        const auto w = moved(x.size(3), options_.kernel.w, options_.stride, options_.padding.w);
        return at::empty({x.size(0), weight.size(0), h, w}, x.options());
    }
    const std::array stride = {options_.stride, options_.stride};
    const std::array padding = {options_.padding.h, options_.padding.w};
    if (const ConvGeometry geometry{stride, padding};
        options_.groups == 1 && is_small_conv(x, weight, geometry)) {
        const auto y = small_conv(x, weight, geometry);
        return bias.defined() ? y + bias.view({1, -1, 1, 1}) : y;
    }
    const std::array<std::int64_t, 2> dilation = {1, 1};
    return at::conv2d(x, weight, bias, stride, padding, dilation, options_.groups);
}

LayerCost Conv::cost(const torch::Tensor&, const torch::Tensor& y) const {
    const std::int64_t macs = y.numel() * (weight.numel() / weight.size(0));
    return {.macs = macs, .seed_flops = macs + (bias.defined() ? y.numel() : 0)};
}

Linear::Linear(std::int64_t in, std::int64_t out, Bias with_bias) {
    weight = parameter("weight", {out, in});
    if (with_bias == Bias::yes) bias = parameter("bias", {out});
}

torch::Tensor Linear::forward(torch::Tensor x) { return at::linear(x, weight, bias); }

LayerCost Linear::cost(const torch::Tensor& x, const torch::Tensor&) const {
    const std::int64_t macs = x.numel() * weight.size(0);
    return {.macs = macs, .seed_flops = macs};
}

LayerNorm::LayerNorm(std::int64_t width, double eps) : eps_(eps) {
    weight = parameter("weight", {width});
    bias = parameter("bias", {width});
}

torch::Tensor LayerNorm::forward(torch::Tensor x) {
    if (is_shape_only(x)) return x;
    return at::layer_norm(x, weight.sizes(), weight, bias, eps_);
}

torch::Tensor ActivationLayer::forward(torch::Tensor x) {
    if (is_shape_only(x)) return x;
    switch (kind_) {
        case Activation::relu:
            return at::relu_(x);
        case Activation::relu6:
            return at::relu6_(x);
        case Activation::leaky_relu:
            return at::leaky_relu_(x, slope_);
        case Activation::silu:
            return at::silu(x);
        case Activation::gelu:
            return at::gelu(x);
        case Activation::sigmoid:
            return at::sigmoid(x);
    }
    return x;
}

LayerCost ActivationLayer::cost(const torch::Tensor& x, const torch::Tensor&) const {
    switch (kind_) {
        case Activation::relu:
        case Activation::relu6:
        case Activation::leaky_relu:
            return {.macs = 0, .seed_flops = x.numel()};
        case Activation::silu:
        case Activation::gelu:
        case Activation::sigmoid:
            return {};
    }
    return {};
}

torch::Tensor Pool::forward(torch::Tensor x) {
    const std::array kernel = {options_.kernel, options_.kernel};
    const std::array stride = {options_.stride, options_.stride};
    const std::array padding = {options_.padding, options_.padding};
    const bool ceil = options_.rounding == Rounding::ceil;
    if (kind_ == PoolKind::average) return at::avg_pool2d(x, kernel, stride, padding, ceil);
    return at::max_pool2d(x, kernel, stride, padding, {1, 1}, ceil);
}

LayerCost Pool::cost(const torch::Tensor& x, const torch::Tensor&) const {
    return {.macs = 0, .seed_flops = x.numel()};
}

torch::Tensor Dropout::forward(torch::Tensor x) {
    if (!is_training() || p_ == 0.0) return x;
    return at::dropout(x, p_, /*train=*/true);
}

torch::Tensor StochasticDepth::forward(torch::Tensor x) {
    if (!is_training() || p_ == 0.0) return x;
    std::vector<std::int64_t> shape(static_cast<std::size_t>(x.dim()), 1);
    shape[0] = x.size(0);
    const double kept = 1.0 - p_;
    return x * at::empty(shape, x.options()).bernoulli_(kept).div_(kept);
}

Part conv(std::int64_t in, std::int64_t out, const ConvOptions& options) {
    return std::make_shared<Conv>(in, out, options);
}

Part linear(std::int64_t in, std::int64_t out, Bias bias) {
    return std::make_shared<Linear>(in, out, bias);
}

Part layer_norm(std::int64_t width, double eps) { return std::make_shared<LayerNorm>(width, eps); }

Part batch_norm(std::int64_t channels, double eps, double momentum) {
    return std::make_shared<BatchNormImpl>(channels, eps, momentum);
}

Part activation(Activation kind, double slope) {
    return std::make_shared<ActivationLayer>(kind, slope);
}

Part relu() { return activation(Activation::relu); }

Part max_pool(const PoolOptions& options) { return std::make_shared<Pool>(PoolKind::max, options); }

Part average_pool(const PoolOptions& options) {
    return std::make_shared<Pool>(PoolKind::average, options);
}

Part dropout(double p) { return std::make_shared<Dropout>(p); }

Part stochastic_depth(double p) { return std::make_shared<StochasticDepth>(p); }

Part function(Function::Body body) { return std::make_shared<Function>(body); }

Part flatten() {
    return function([](const torch::Tensor& x) { return x.flatten(1); });
}

Part global_pool() {
    return function([](const torch::Tensor& x) {
        return at::adaptive_avg_pool2d(x, {1, 1}).flatten(1);
    });
}

Part mean_over_tokens() {
    return function([](const torch::Tensor& x) { return x.mean(1); });
}

namespace {

class AdaptivePool final : public Layer {
public:
    explicit AdaptivePool(std::int64_t side) : side_(side) {}

    torch::Tensor forward(torch::Tensor x) override {
        if (is_shape_only(x)) return at::empty({x.size(0), x.size(1), side_, side_}, x.options());
        return at::adaptive_avg_pool2d(x, {side_, side_});
    }

private:
    std::int64_t side_;
};

class SqueezeExcite final : public Layer {
public:
    explicit SqueezeExcite(const SqueezeExciteOptions& options)
        : options_(options),
          fc1_(add("fc1", dense(options.channels, options.squeezed))),
          inner_(activation(options.inner)),
          fc2_(add("fc2", dense(options.squeezed, options.channels))) {}

    torch::Tensor forward(torch::Tensor x) override {
        auto gate = x.mean({2, 3}, /*keepdim=*/true);  // [n, channels, 1, 1]
        if (options_.layers == GateLayers::linear) gate = gate.flatten(1);
        gate = fc1_(gate);
        gate = options_.relu == CountedRelu::no ? inner_.layer()->forward(gate) : inner_(gate);
        return x * at::sigmoid(fc2_(gate)).view({x.size(0), x.size(1), 1, 1});
    }

private:
    Part dense(std::int64_t in, std::int64_t out) const {
        switch (options_.layers) {
            case GateLayers::conv:
                return conv(in, out, {.bias = options_.bias});
            case GateLayers::linear:
                return linear(in, out, options_.bias);
        }
        return {};
    }

    SqueezeExciteOptions options_;
    Part fc1_, inner_, fc2_;
};

}  // namespace

Part adaptive_pool(std::int64_t side) { return std::make_shared<AdaptivePool>(side); }

Part squeeze_excite(const SqueezeExciteOptions& options) {
    return std::make_shared<SqueezeExcite>(options);
}

torch::Tensor relu_in_place(torch::Tensor x) { return is_shape_only(x) ? x : at::relu_(x); }

}  // namespace bw::models
