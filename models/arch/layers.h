// The building blocks that the papers share. Parameters are allocated and left as they are: a
// family initialises its network as its paper says (models/arch/init.h). Shapes: images are [n,
// channels, height, width].
#pragma once

#include <cstdint>
#include <vector>

#include "models/arch/batch_norm.h"
#include "models/arch/layer.h"

namespace bw::models {

/// Height and width; one number means a square.
struct Extent {
    constexpr Extent(std::int64_t side) : h(side), w(side) {}  // NOLINT: a side is a square

    constexpr Extent(std::int64_t height, std::int64_t width) : h(height), w(width) {}

    std::int64_t h;
    std::int64_t w;
};

enum class Bias { no, yes };

struct ConvOptions {
    Extent kernel = 1;
    std::int64_t stride = 1;
    Extent padding = 0;
    std::int64_t groups = 1;
    Bias bias = Bias::no;
};

class Conv final : public Layer {
public:
    Conv(std::int64_t in, std::int64_t out, const ConvOptions& options);
    torch::Tensor forward(torch::Tensor x) override;
    LayerCost cost(const torch::Tensor& x, const torch::Tensor& y) const override;

    torch::Tensor weight;  // [out, in / groups, kernel.h, kernel.w]
    torch::Tensor bias;    // [out], or undefined

private:
    ConvOptions options_;
};

/// x: [..., in] -> [..., out].
class Linear final : public Layer {
public:
    Linear(std::int64_t in, std::int64_t out, Bias bias);
    torch::Tensor forward(torch::Tensor x) override;
    LayerCost cost(const torch::Tensor& x, const torch::Tensor& y) const override;

    torch::Tensor weight;  // [out, in]
    torch::Tensor bias;    // [out], or undefined
};

/// Over the last dimension.
class LayerNorm final : public Layer {
public:
    LayerNorm(std::int64_t width, double eps);
    torch::Tensor forward(torch::Tensor x) override;

    torch::Tensor weight, bias;  // [width]

private:
    double eps_;
};

enum class Activation { relu, relu6, leaky_relu, silu, gelu, sigmoid };

/// The layer form. Its cost is the seed's: 1 per element for the ReLU family.
class ActivationLayer final : public Layer {
public:
    explicit ActivationLayer(Activation kind, double slope = 0.01) : kind_(kind), slope_(slope) {}

    torch::Tensor forward(torch::Tensor x) override;
    LayerCost cost(const torch::Tensor& x, const torch::Tensor& y) const override;

private:
    Activation kind_;
    double slope_;
};

/// Whether the seed's convention sees a ReLU: it knows layers, not functions.
enum class CountedRelu { no, yes };

enum class PoolKind { max, average };
enum class Rounding { floor, ceil };

struct PoolOptions {
    std::int64_t kernel = 2;
    std::int64_t stride = 2;
    std::int64_t padding = 0;
    Rounding rounding = Rounding::floor;
};

/// An average counts the padding, as LibTorch's default does.
class Pool final : public Layer {
public:
    Pool(PoolKind kind, const PoolOptions& options) : kind_(kind), options_(options) {}

    torch::Tensor forward(torch::Tensor x) override;
    LayerCost cost(const torch::Tensor& x, const torch::Tensor& y) const override;

private:
    PoolKind kind_;
    PoolOptions options_;
};

/// Drops whole values in training with probability p; `disable_dropout` sets p to 0.
class Dropout final : public Layer {
public:
    explicit Dropout(double p) : p_(p) {}

    torch::Tensor forward(torch::Tensor x) override;

    void disable() { p_ = 0.0; }

private:
    double p_;
};

/// Drops the whole sample in training with probability p: a residual branch that is skipped.
class StochasticDepth final : public Layer {
public:
    explicit StochasticDepth(double p) : p_(p) {}

    torch::Tensor forward(torch::Tensor x) override;

    void disable() { p_ = 0.0; }

private:
    double p_;
};

/// The mean over positions, or any other function without parameters or cost. `f` must be pure.
class Function final : public Layer {
public:
    using Body = torch::Tensor (*)(const torch::Tensor&);

    explicit Function(Body body) : body_(body) {}

    torch::Tensor forward(torch::Tensor x) override { return body_(x); }

private:
    Body body_;
};

Part conv(std::int64_t in, std::int64_t out, const ConvOptions& options);
Part linear(std::int64_t in, std::int64_t out, Bias bias = Bias::yes);
Part layer_norm(std::int64_t width, double eps = 1e-5);
Part batch_norm(std::int64_t channels, double eps = 1e-5, double momentum = 0.1);
Part activation(Activation kind, double slope = 0.01);
Part relu();
Part max_pool(const PoolOptions& options);
Part average_pool(const PoolOptions& options);
Part dropout(double p);
Part stochastic_depth(double p);
Part flatten();           // [n, ...] -> [n, features]
Part global_pool();       // [n, c, h, w] -> [n, c]
Part mean_over_tokens();  // [n, tokens, width] -> [n, width]
Part adaptive_pool(std::int64_t side);

/// A function without parameters or cost.
Part function(Function::Body body);

/// 1x1 convolutions or linear layers: the same arithmetic; the seed's convention counts the biases
/// of the first.
enum class GateLayers { conv, linear };

struct SqueezeExciteOptions {
    std::int64_t channels;
    std::int64_t squeezed;
    GateLayers layers = GateLayers::conv;
    Bias bias = Bias::yes;
    Activation inner = Activation::silu;  // between the two; a sigmoid ends the gate
    CountedRelu relu = CountedRelu::no;
};

/// Scales each channel by a gate computed from all channels' means: "fc1", "fc2".
Part squeeze_excite(const SqueezeExciteOptions& options);

/// In place: the layer before (a convolution, a normalisation, a sum) needs its input, not its
/// output.
torch::Tensor relu_in_place(torch::Tensor x);

}  // namespace bw::models
