// AlexNet: ImageNet Classification with Deep Convolutional Neural Networks (Krizhevsky et al.,
// 2012), in one tower or with the paper's two groups, and the narrower net of "One weird trick"
// (2014), which torchvision calls alexnet.
#include <ATen/ATen.h>

#include "models/arch/architectures.h"
#include "models/arch/stack.h"

namespace bw::models {

namespace {

struct AlexNetSize {
    const char* name;
    std::int64_t conv[5];  // output channels
    std::int64_t groups;   // of convolutions 2, 4 and 5
    std::int64_t padding;  // of the first convolution: 2 and 3 both give 55 from 224
    bool response_norm;    // after the first two convolutions
    bool dropout_first;    // before each hidden layer instead of after it
};

constexpr AlexNetSize kAlexNetSizes[] = {
    {"alexnet", {96, 256, 384, 384, 256}, 1, 3, false, false},
    {"alexnet_grouped", {96, 256, 384, 384, 256}, 2, 3, true, false},
    {"alexnet_tv", {64, 192, 384, 256, 256}, 1, 2, false, true},
};

/// x / (k + alpha * mean of squares over 5 channels) ^ beta, with LibTorch's meaning of alpha (the
/// paper sums).
torch::Tensor local_response_norm(const torch::Tensor& x) {
    constexpr std::int64_t size = 5;
    auto squares =
        at::constant_pad_nd(x.square().unsqueeze(1), {0, 0, 0, 0, size / 2, (size - 1) / 2});
    squares = at::avg_pool3d(squares, {size, 1, 1}, {1, 1, 1}).squeeze(1);
    return x / (squares * 1e-4 + 2.0).pow(0.75);
}

Part alexnet_features(const AlexNetSize& size, std::int64_t channels) {
    auto net = std::make_shared<Chain>();
    const auto& c = size.conv;
    const auto pool = [] { return max_pool({.kernel = 3, .stride = 2}); };
    const auto conv_relu = [&](std::int64_t in, std::int64_t out, const ConvOptions& options) {
        net->append(conv(in, out, options)).append(relu());
    };
    const auto normalise = [&] {
        if (size.response_norm) net->append(function(local_response_norm));
    };
    conv_relu(
        channels, c[0], {.kernel = 11, .stride = 4, .padding = size.padding, .bias = Bias::yes}
    );
    normalise();          // 55 x 55
    net->append(pool());  // 27 x 27
    conv_relu(c[0], c[1], {.kernel = 5, .padding = 2, .groups = size.groups, .bias = Bias::yes});
    normalise();
    net->append(pool());  // 13 x 13
    conv_relu(c[1], c[2], {.kernel = 3, .padding = 1, .bias = Bias::yes});
    conv_relu(c[2], c[3], {.kernel = 3, .padding = 1, .groups = size.groups, .bias = Bias::yes});
    conv_relu(c[3], c[4], {.kernel = 3, .padding = 1, .groups = size.groups, .bias = Bias::yes});
    net->append(pool());  // 6 x 6
    return net;
}

Part alexnet_classifier(const AlexNetSize& size, int classes) {
    const auto in = size.conv[4] * 6 * 6;
    if (size.dropout_first) {
        return chain({
            dropout(0.5),
            linear(in, 4096),
            relu(),
            dropout(0.5),
            linear(4096, 4096),
            relu(),
            linear(4096, classes),
        });
    }
    return chain({
        linear(in, 4096),
        relu(),
        dropout(0.5),
        linear(4096, 4096),
        relu(),
        dropout(0.5),
        linear(4096, classes),
    });
}

// The adaptive pool changes nothing at 224 pixels and lets the linear layers take other inputs.
std::shared_ptr<Network> construct_alexnet(const AlexNetSize& size, const NetworkRequest& request) {
    auto net = std::make_shared<Stack>();
    net->then("features", alexnet_features(size, request.input.channels));
    net->then("avgpool", adaptive_pool(6)).then("flatten", flatten());
    net->then("classifier", alexnet_classifier(size, request.classes));
    return net;
}

}  // namespace

void list_alexnets(Architectures& all) {
    const NetworkInit xavier{{Distribution::xavier_uniform}, {Distribution::xavier_uniform}};
    for (const auto& size : kAlexNetSizes) {
        all.push_back({
            size.name,
            [size](const NetworkRequest& request) { return construct_alexnet(size, request); },
            initialise_with(xavier),
        });
    }
}

}  // namespace bw::models
