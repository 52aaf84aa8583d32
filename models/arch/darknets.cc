// Darknet-53: the feature extractor of YOLOv3, An Incremental Improvement (Redmon & Farhadi, 2018).
#include "models/arch/architectures.h"
#include "models/arch/blocks.h"
#include "models/arch/stack.h"

namespace bw::models {

namespace {

struct DarknetSize {
    const char* name;
    double slope;  // of the leaky ReLU
};

constexpr DarknetSize kDarknetSizes[] = {
    {"darknet53", 0.1},
    {"darknet53_timm", 0.01},  // LibTorch's default slope, as timm and the seed have it
};

struct DarknetStage {
    std::int64_t out;
    int blocks;
};

constexpr DarknetStage kDarknetStages[] = {{64, 1}, {128, 2}, {256, 8}, {512, 8}, {1024, 4}};

/// Convolution without bias, BN, leaky ReLU.
Part darknet_conv(std::int64_t in, std::int64_t out, const ConvOptions& options, double slope) {
    return named_conv_norm(in, out, options, activation(Activation::leaky_relu, slope));
}

/// x + 3x3(1x1(x)), with half the channels in between and no activation after the sum.
class DarknetBlock final : public Layer {
public:
    DarknetBlock(std::int64_t width, double slope)
        : conv1_(add("conv1", darknet_conv(width, width / 2, {}, slope))),
          conv2_(add("conv2", darknet_conv(width / 2, width, {.kernel = 3, .padding = 1}, slope))) {
    }

    // Not in place: the backward of the leaky ReLU needs its output.
    torch::Tensor forward(torch::Tensor x) override { return conv2_(conv1_(x)) + x; }

private:
    Part conv1_, conv2_;
};

std::shared_ptr<Network> construct_darknet(const DarknetSize& size, const NetworkRequest& request) {
    auto features = std::make_shared<Chain>();
    std::int64_t in = 32;
    features->append(
        darknet_conv(request.input.channels, in, {.kernel = 3, .padding = 1}, size.slope)
    );
    for (const auto& stage : kDarknetStages) {
        const ConvOptions down{.kernel = 3, .stride = 2, .padding = 1};
        features->append(darknet_conv(in, stage.out, down, size.slope));
        for (int i = 0; i < stage.blocks; ++i) {
            features->append(std::make_shared<DarknetBlock>(stage.out, size.slope));
        }
        in = stage.out;
    }
    auto net = std::make_shared<Stack>();
    net->then("features", features)
        .then("pool", global_pool())
        .then("fc", linear(in, request.classes));
    return net;
}

}  // namespace

void list_darknets(Architectures& all) {
    const NetworkInit init{{Distribution::he_normal_out}, {Distribution::torch_default}};
    for (const auto& size : kDarknetSizes) {
        all.push_back({
            size.name,
            [size](const NetworkRequest& request) { return construct_darknet(size, request); },
            initialise_with(init),
        });
    }
}

}  // namespace bw::models
