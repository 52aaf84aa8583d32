// MobileNetV2: Inverted Residuals and Linear Bottlenecks (Sandler et al., 2018).
#include <algorithm>
#include <cmath>

#include "models/arch/architectures.h"
#include "models/arch/blocks.h"
#include "models/arch/stack.h"

namespace bw::models {

namespace {

/// The seed rounds up, and scales neither the stem nor the first stage.
enum class WidthRule { paper, seed };

struct MobileNetV2Size {
    const char* name;
    double multiplier;
    WidthRule rule = WidthRule::paper;
};

constexpr MobileNetV2Size kMobileNetV2Sizes[] = {
    {"mobilenetv2", 1.0},
    {"mobilenetv2_w0.35", 0.35},
    {"mobilenetv2_w0.5", 0.5},
    {"mobilenetv2_w0.75", 0.75},
    {"mobilenetv2_w1.3", 1.3},
    {"mobilenetv2_w1.4", 1.4},
    {"mobilenetv2_w0.35_seed", 0.35, WidthRule::seed},
    {"mobilenetv2_w0.5_seed", 0.5, WidthRule::seed},
    {"mobilenetv2_w0.75_seed", 0.75, WidthRule::seed},
    {"mobilenetv2_w1.3_seed", 1.3, WidthRule::seed},
    {"mobilenetv2_w1.4_seed", 1.4, WidthRule::seed},
};

struct InvertedStage {
    std::int64_t expansion;
    std::int64_t out;
    int blocks;
    std::int64_t stride;  // of the first block
};

constexpr InvertedStage kInvertedStages[] = {
    {1, 16, 1, 1},
    {6, 24, 2, 2},
    {6, 32, 3, 2},
    {6, 64, 4, 2},
    {6, 96, 3, 1},
    {6, 160, 3, 2},
    {6, 320, 1, 1},
};

Part relu6() { return activation(Activation::relu6); }

/// [1x1 expansion], 3x3 depthwise, 1x1 projection without activation; plus x where the shape stays.
class InvertedResidual final : public Layer {
public:
    InvertedResidual(std::int64_t in, std::int64_t out, std::int64_t stride, std::int64_t expansion)
        : has_residual_(stride == 1 && in == out) {
        const auto hidden = in * expansion;
        auto path = std::make_shared<Chain>();
        if (expansion != 1) path->append(conv_norm(in, hidden, {}, relu6()));
        const ConvOptions depthwise{.kernel = 3, .stride = stride, .padding = 1, .groups = hidden};
        path->append(conv_norm(hidden, hidden, depthwise, relu6()));
        path->append(conv(hidden, out, {})).append(batch_norm(out));
        path_ = add("conv", path);
    }

    torch::Tensor forward(torch::Tensor x) override {
        return has_residual_ ? path_(x).add_(x) : path_(x);
    }

private:
    bool has_residual_;
    Part path_;
};

struct MobileNetV2Widths {
    double multiplier;
    WidthRule rule;

    std::int64_t stem() const {
        return rule == WidthRule::seed ? 32 : round_channels(32 * multiplier);
    }

    std::int64_t stage(const InvertedStage& stage) const {
        const double width = static_cast<double>(stage.out) * multiplier;
        if (rule == WidthRule::paper) return round_channels(width);
        return stage.expansion == 1 ? stage.out
                                    : static_cast<std::int64_t>(std::ceil(width / 8)) * 8;
    }

    std::int64_t last() const {
        const double width = 1280 * std::max(1.0, multiplier);
        return rule == WidthRule::paper ? round_channels(width)
                                        : static_cast<std::int64_t>(std::ceil(width / 8)) * 8;
    }
};

std::shared_ptr<Network> construct_mobilenet_v2(
    const MobileNetV2Size& size, const NetworkRequest& request
) {
    const MobileNetV2Widths widths{size.multiplier, size.rule};
    auto features = std::make_shared<Chain>();
    std::int64_t in = widths.stem();
    const ConvOptions stem{.kernel = 3, .stride = 2, .padding = 1};
    features->append(conv_norm(request.input.channels, in, stem, relu6()));
    for (const auto& stage : kInvertedStages) {
        const auto out = widths.stage(stage);
        for (int i = 0; i < stage.blocks; ++i) {
            const auto stride = i == 0 ? stage.stride : 1;
            features->append(std::make_shared<InvertedResidual>(in, out, stride, stage.expansion));
            in = out;
        }
    }
    features->append(conv_norm(in, widths.last(), {}, relu6()));
    auto net = std::make_shared<Stack>();
    net->then("features", features).then("pool", global_pool());
    net->then("classifier", chain({dropout(0.2), linear(widths.last(), request.classes)}));
    return net;
}

}  // namespace

void list_mobilenets_v2(Architectures& all) {
    const NetworkInit init{{Distribution::he_normal_out}, {Distribution::normal, 0.01}};
    for (const auto& size : kMobileNetV2Sizes) {
        all.push_back({
            size.name,
            [size](const NetworkRequest& request) { return construct_mobilenet_v2(size, request); },
            initialise_with(init),
            [size](const NetworkRequest& request, double multiplier) {
                auto scaled = size;
                scaled.multiplier *= multiplier;
                return construct_mobilenet_v2(scaled, request);
            },
        });
    }
}

}  // namespace bw::models
