// MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications (Howard et
// al., 2017).
#include <algorithm>

#include <ATen/ATen.h>

#include "models/arch/architectures.h"
#include "models/arch/stack.h"

namespace bw::models {

namespace {

/// Whether the seed's convention sees the last pool: the seed has it as a layer, others as a
/// function.
enum class CountedPool { no, yes };

struct MobileNetV1Size {
    const char* name;
    double multiplier;  // of every width
    Activation activation = Activation::relu;
    CountedPool pool = CountedPool::no;
};

constexpr MobileNetV1Size kMobileNetV1Sizes[] = {
    {"mobilenetv1", 1.0, Activation::relu, CountedPool::yes},
    {"mobilenetv1_0.75", 0.75},
    {"mobilenetv1_0.5", 0.5},
    {"mobilenetv1_0.25", 0.25},
    {"mobilenetv1_100", 1.0, Activation::relu6},  // timm's
};

struct SeparableShape {
    std::int64_t out;
    std::int64_t stride;
};

// The paper's table prints stride 2 for the last depthwise convolution, a known mistake.
constexpr SeparableShape kSeparables[] = {
    {64, 1},
    {128, 2},
    {128, 1},
    {256, 2},
    {256, 1},
    {512, 2},
    {512, 1},
    {512, 1},
    {512, 1},
    {512, 1},
    {512, 1},
    {1024, 2},
    {1024, 1},
};

/// The mean over positions, as a layer of the seed's.
class CountedGlobalPool final : public Layer {
public:
    torch::Tensor forward(torch::Tensor x) override {
        return at::adaptive_avg_pool2d(x, {1, 1}).flatten(1);
    }

    LayerCost cost(const torch::Tensor& x, const torch::Tensor&) const override {
        return {.macs = 0, .seed_flops = x.numel()};
    }
};

std::shared_ptr<Network> construct_mobilenet_v1(
    const MobileNetV1Size& size, const NetworkRequest& request
) {
    auto features = std::make_shared<Chain>();
    const auto scaled = [&](std::int64_t width) {
        return std::max<std::int64_t>(
            8, static_cast<std::int64_t>(static_cast<double>(width) * size.multiplier)
        );
    };
    const auto cbr = [&](std::int64_t in, std::int64_t out, const ConvOptions& options) {
        features->append(conv(in, out, options))
            .append(batch_norm(out))
            .append(activation(size.activation));
    };
    std::int64_t in = scaled(32);
    cbr(request.input.channels, in, {.kernel = 3, .stride = 2, .padding = 1});
    for (const auto& shape : kSeparables) {
        const auto out = scaled(shape.out);
        cbr(in, in, {.kernel = 3, .stride = shape.stride, .padding = 1, .groups = in}
        );                 // depthwise
        cbr(in, out, {});  // pointwise
        in = out;
    }
    auto net = std::make_shared<Stack>();
    net->then("features", features);
    if (size.pool == CountedPool::yes) {
        net->then("pool", std::make_shared<CountedGlobalPool>());
    } else {
        net->then("pool", global_pool());
    }
    net->then("fc", linear(in, request.classes));
    return net;
}

}  // namespace

void list_mobilenets_v1(Architectures& all) {
    const NetworkInit init{{Distribution::he_normal_out}, {Distribution::normal, 1e-3}};
    for (const auto& size : kMobileNetV1Sizes) {
        all.push_back({
            size.name,
            [size](const NetworkRequest& request) { return construct_mobilenet_v1(size, request); },
            initialise_with(init),
            [size](const NetworkRequest& request, double multiplier) {
                auto scaled = size;
                scaled.multiplier *= multiplier;
                return construct_mobilenet_v1(scaled, request);
            },
        });
    }
}

}  // namespace bw::models
