// ResNet: Deep Residual Learning for Image Recognition (He et al., 2015), with the stride on the
// 3x3 convolution; ResNeXt: Aggregated Residual Transformations (Xie et al., 2016); SENet:
// Squeeze-and-Excitation (Hu et al., 2017).
#include "models/arch/architectures.h"
#include "models/arch/residual.h"

namespace bw::models {

namespace {

constexpr auto kBasic = ResidualKind::basic;
constexpr auto kBottleneck = ResidualKind::bottleneck;
constexpr auto kImagenet = ResidualStem::imagenet;
constexpr auto kCaffe = ResidualStem::imagenet_ceil_pool;
constexpr auto kConv3 = ResidualStem::conv3x3;
constexpr auto kConv1 = ResidualStem::conv1x1;

// name, kind, blocks of each stage, width, output, groups, stem, excitation
std::vector<ResidualSize> residual_sizes() {
    std::vector<ResidualSize> sizes = {
        {"resnet18", kBasic, {2, 2, 2, 2}},
        {"resnet34", kBasic, {3, 4, 6, 3}},
        {"resnet50", kBottleneck, {3, 4, 6, 3}, 64, 256},
        {"resnet101", kBottleneck, {3, 4, 23, 3}, 64, 256},
        {"resnet152", kBottleneck, {3, 8, 36, 3}, 64, 256},
        {"wide_resnet50_2", kBottleneck, {3, 4, 6, 3}, 128, 256},
        {"wide_resnet101_2", kBottleneck, {3, 4, 23, 3}, 128, 256},
        {"resnext50_32x4d", kBottleneck, {3, 4, 6, 3}, 128, 256, 32},
        {"resnext101_32x8d", kBottleneck, {3, 4, 23, 3}, 256, 256, 32},
        {"resnext101_64x4d", kBottleneck, {3, 4, 23, 3}, 256, 256, 64},
        {"resnext29_2x64d", kBottleneck, {3, 3, 3}, 128, 256, 2, kConv3},
        {"resnext29_8x64d", kBottleneck, {3, 3, 3}, 512, 256, 8, kConv3},
        {"resnext29_16x64d", kBottleneck, {3, 3, 3}, 1024, 256, 16, kConv3},
        {"resnext29_2x64d_seed", kBottleneck, {3, 3, 3}, 128, 256, 2, kConv1},
        {"resnext29_4x64d_seed", kBottleneck, {3, 3, 3}, 256, 512, 4, kConv1},
        {"resnext29_8x64d_seed", kBottleneck, {3, 3, 3}, 512, 1024, 8, kConv1},
        {"resnext29_32x4d_seed", kBottleneck, {3, 3, 3}, 128, 256, 32, kConv1},
        {"seresnet18", kBasic, {2, 2, 2, 2}, 64, 64, 1, kImagenet, Excitation::linear},
        {"seresnet50", kBottleneck, {3, 4, 6, 3}, 64, 256, 1, kImagenet, Excitation::conv},
        {"legacy_seresnet18", kBasic, {2, 2, 2, 2}, 64, 64, 1, kCaffe, Excitation::conv},
        {"legacy_seresnet34", kBasic, {3, 4, 6, 3}, 64, 64, 1, kCaffe, Excitation::conv},
        {"legacy_seresnet50", kBottleneck, {3, 4, 6, 3}, 64, 256, 1, kCaffe, Excitation::conv},
        {"legacy_seresnet101", kBottleneck, {3, 4, 23, 3}, 64, 256, 1, kCaffe, Excitation::conv},
        {"legacy_seresnet152", kBottleneck, {3, 8, 36, 3}, 64, 256, 1, kCaffe, Excitation::conv},
        {"senet_stage", kBasic, {2, 2, 2, 2}, 64, 64, 1, kImagenet, Excitation::stages},
        {"senet_seed", kBasic, {2, 2, 2, 2}, 64, 64, 1, kImagenet, Excitation::stages_last_idle},
        {"resnet_seed", kBasic, {2, 2, 2, 2}},
        {"resnext_seed", kBottleneck, {3, 3, 3}, 128, 256, 2, kConv1},
    };
    for (auto& size : sizes) {
        const std::string_view name = size.name;
        if (name == "senet_seed" || name == "resnet_seed") {
            size.conv_bias = Bias::yes;
            size.shortcut = Shortcut::plain;
        }
        if (name == "resnext_seed") size.stem_relu = CountedRelu::no;
        if (!name.starts_with("legacy_")) continue;
        size.stride_at = StrideAt::conv1;
        if (size.kind == kBasic) size.gate_input = GateInput::activated;
    }
    return sizes;
}

}  // namespace

void list_resnets(Architectures& all) {
    const NetworkInit he{{Distribution::he_normal_out}, {Distribution::normal, 1e-3}};
    for (const auto& size : residual_sizes()) {
        all.push_back({
            size.name,
            [size](const NetworkRequest& request) { return construct_residual(size, request); },
            initialise_with(he),
        });
    }
}

}  // namespace bw::models
