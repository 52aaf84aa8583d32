// EfficientNet: Rethinking Model Scaling (Tan & Le, 2019), and EfficientNetV2: Smaller Models and
// Faster Training (Tan & Le, 2021).
#include <cmath>
#include <optional>

#include "models/arch/architectures.h"
#include "models/arch/blocks.h"
#include "models/arch/stack.h"

namespace bw::models {

namespace {

enum class BlockKind { mbconv, fused };

struct EfficientStage {
    BlockKind kind;
    std::int64_t kernel;
    std::int64_t stride;
    std::int64_t expansion;
    std::int64_t out;
    int blocks;
};

constexpr auto kMb = BlockKind::mbconv;
constexpr auto kFused = BlockKind::fused;

// kernel, stride, expansion, output, blocks
const std::vector<EfficientStage> kB0Stages = {
    {kMb, 3, 1, 1, 16, 1},
    {kMb, 3, 2, 6, 24, 2},
    {kMb, 5, 2, 6, 40, 2},
    {kMb, 3, 2, 6, 80, 3},
    {kMb, 5, 1, 6, 112, 3},
    {kMb, 5, 2, 6, 192, 4},
    {kMb, 3, 1, 6, 320, 1},
};
const std::vector<EfficientStage> kV2SmallStages = {
    {kFused, 3, 1, 1, 24, 2},
    {kFused, 3, 2, 4, 48, 4},
    {kFused, 3, 2, 4, 64, 4},
    {kMb, 3, 2, 4, 128, 6},
    {kMb, 3, 1, 6, 160, 9},
    {kMb, 3, 2, 6, 256, 15},
};
const std::vector<EfficientStage> kV2MediumStages = {
    {kFused, 3, 1, 1, 24, 3},
    {kFused, 3, 2, 4, 48, 5},
    {kFused, 3, 2, 4, 80, 5},
    {kMb, 3, 2, 4, 160, 7},
    {kMb, 3, 1, 6, 176, 14},
    {kMb, 3, 2, 6, 304, 18},
    {kMb, 3, 1, 6, 512, 5},
};
const std::vector<EfficientStage> kV2LargeStages = {
    {kFused, 3, 1, 1, 32, 4},
    {kFused, 3, 2, 4, 64, 7},
    {kFused, 3, 2, 4, 96, 7},
    {kMb, 3, 2, 4, 192, 10},
    {kMb, 3, 1, 6, 224, 19},
    {kMb, 3, 2, 6, 384, 25},
    {kMb, 3, 1, 6, 640, 7},
};

struct EfficientSize {
    std::string name;
    std::vector<EfficientStage> stages;
    std::int64_t stem = 32;
    std::int64_t head = 1280;
    double dropout = 0.2;
    NormOptions norm;
};

// Compound scaling: width, depth, dropout; the resolution is the caller's.
struct Compound {
    double width;
    double depth;
    double dropout;
};

constexpr Compound kCompounds[] = {
    {1.0, 1.0, 0.2},
    {1.0, 1.1, 0.2},
    {1.1, 1.2, 0.3},
    {1.2, 1.4, 0.3},
    {1.4, 1.8, 0.4},
    {1.6, 2.2, 0.4},
    {1.8, 2.6, 0.5},
    {2.0, 3.1, 0.5},
};

constexpr NormOptions kPaperNorm{.eps = 1e-3, .momentum = 0.01};
constexpr double kDropPath = 0.2;

/// The seed scales all but the head.
enum class HeadRule { scaled, fixed };

EfficientSize compound(
    const std::string& name, const Compound& scale, const NormOptions& norm, HeadRule rule
) {
    EfficientSize size{.name = name, .stages = kB0Stages, .dropout = scale.dropout, .norm = norm};
    const auto wide = [&](std::int64_t width) {
        return round_channels(static_cast<double>(width) * scale.width);
    };
    for (auto& stage : size.stages) {
        stage.out = wide(stage.out);
        stage.blocks = static_cast<int>(std::ceil(stage.blocks * scale.depth));
    }
    size.stem = wide(size.stem);
    if (rule == HeadRule::scaled) size.head = wide(size.head);
    return size;
}

// efficientnetbN: the paper's BatchNorm. efficientnet_bN: torchvision's, which has LibTorch's
// defaults up to B4.
std::vector<EfficientSize> efficient_sizes() {
    std::vector<EfficientSize> sizes;
    for (int n = 0; n <= 7; ++n) {
        const auto& scale = kCompounds[n];
        const auto number = std::to_string(n);
        sizes.push_back(compound("efficientnetb" + number, scale, kPaperNorm, HeadRule::scaled));
        sizes.push_back(
            compound("efficientnetb" + number + "_seed", scale, kPaperNorm, HeadRule::fixed)
        );
        const NormOptions norm = n < 5 ? NormOptions{} : kPaperNorm;
        sizes.push_back(compound("efficientnet_b" + number, scale, norm, HeadRule::scaled));
    }
    const NormOptions v2{.eps = 1e-3};
    sizes.push_back({"efficientnetv2", kV2SmallStages, 24, 1280, 0.2, v2});
    sizes.push_back({"efficientnet_v2_m", kV2MediumStages, 24, 1280, 0.3, v2});
    sizes.push_back({"efficientnet_v2_l", kV2LargeStages, 32, 1280, 0.4, v2});
    return sizes;
}

struct EfficientBlockShape {
    std::int64_t in;
    EfficientStage stage;  // with the stride of this block
    double drop_path;
};

Part silu() { return activation(Activation::silu); }

/// MBConv: 1x1 expansion, depthwise, squeeze and excitation, 1x1 projection. Fused: one 3x3 for the
/// first two.
class EfficientBlock final : public Layer {
public:
    EfficientBlock(const EfficientBlockShape& shape, const NormOptions& norm)
        : has_residual_(shape.stage.stride == 1 && shape.in == shape.stage.out) {
        auto path = std::make_shared<Chain>();
        switch (shape.stage.kind) {
            case BlockKind::mbconv:
                append_mbconv(*path, shape, norm);
                break;
            case BlockKind::fused:
                append_fused(*path, shape, norm);
                break;
        }
        path_ = add("block", path);
        drop_path_ = add("stochastic_depth", stochastic_depth(shape.drop_path));
    }

    torch::Tensor forward(torch::Tensor x) override {
        return has_residual_ ? drop_path_(path_(x)) + x : path_(x);
    }

private:
    static ConvOptions spatial(const EfficientStage& stage, std::int64_t groups) {
        return {
            .kernel = stage.kernel,
            .stride = stage.stride,
            .padding = stage.kernel / 2,
            .groups = groups};
    }

    static void append_mbconv(
        Chain& path, const EfficientBlockShape& shape, const NormOptions& norm
    ) {
        const auto& stage = shape.stage;
        const auto hidden = shape.in * stage.expansion;
        if (stage.expansion != 1) path.append(conv_norm(shape.in, hidden, {}, silu(), norm));
        path.append(conv_norm(hidden, hidden, spatial(stage, hidden), silu(), norm));
        path.append(squeeze_excite(
            {.channels = hidden, .squeezed = std::max<std::int64_t>(1, shape.in / 4)}
        ));
        path.append(conv_norm(hidden, stage.out, {}, {}, norm));
    }

    // Without an expansion there is nothing to project.
    static void append_fused(
        Chain& path, const EfficientBlockShape& shape, const NormOptions& norm
    ) {
        const auto& stage = shape.stage;
        const auto hidden = shape.in * stage.expansion;
        path.append(conv_norm(
            shape.in, stage.expansion == 1 ? stage.out : hidden, spatial(stage, 1), silu(), norm
        ));
        if (stage.expansion != 1) path.append(conv_norm(hidden, stage.out, {}, {}, norm));
    }

    bool has_residual_;
    Part path_, drop_path_;
};

std::shared_ptr<Network> construct_efficientnet(
    const EfficientSize& size, const NetworkRequest& request
) {
    auto features = std::make_shared<Chain>();
    const ConvOptions half{.kernel = 3, .stride = 2, .padding = 1};
    features->append(conv_norm(request.input.channels, size.stem, half, silu(), size.norm));
    int total = 0;
    for (const auto& stage : size.stages) total += stage.blocks;
    std::int64_t in = size.stem;
    int number = 0;
    for (auto stage : size.stages) {
        auto blocks = std::make_shared<Chain>();
        for (int i = 0; i < stage.blocks; ++i, ++number) {
            const double drop = kDropPath * number / total;
            blocks->append(
                std::make_shared<EfficientBlock>(EfficientBlockShape{in, stage, drop}, size.norm)
            );
            in = stage.out;
            stage.stride = 1;
        }
        features->append(blocks);
    }
    features->append(conv_norm(in, size.head, {}, silu(), size.norm));
    auto net = std::make_shared<Stack>();
    net->then("features", features).then("avgpool", adaptive_pool(1)).then("flatten", flatten());
    net->then("classifier", chain({dropout(size.dropout), linear(size.head, request.classes)}));
    return net;
}

/// The seed's block of EfficientNetV2: a flat list, gates of linear layers, a projection also
/// without expansion.
class SeedEfficientBlock final : public Layer {
public:
    SeedEfficientBlock(std::int64_t in, const EfficientStage& stage)
        : has_residual_(stage.stride == 1 && in == stage.out) {
        const auto hidden = in * stage.expansion;
        const ConvOptions conv3{.kernel = 3, .stride = stage.stride, .padding = 1};
        auto path = std::make_shared<Chain>();
        if (stage.kind == BlockKind::mbconv) {
            path->append(conv(in, hidden, {})).append(batch_norm(hidden)).append(silu());
            ConvOptions depthwise = conv3;
            depthwise.groups = hidden;
            path->append(conv(hidden, hidden, depthwise)).append(batch_norm(hidden)).append(silu());
            path->append(squeeze_excite({
                .channels = hidden,
                .squeezed = round_channels(static_cast<double>(in / 4)),
                .layers = GateLayers::linear,
            }));
        } else {
            path->append(conv(in, hidden, conv3)).append(batch_norm(hidden)).append(silu());
        }
        path->append(conv(hidden, stage.out, {})).append(batch_norm(stage.out));
        path_ = add("conv", path);
    }

    torch::Tensor forward(torch::Tensor x) override {
        return has_residual_ ? path_(x).add_(x) : path_(x);
    }

private:
    bool has_residual_;
    Part path_;
};

std::shared_ptr<Network> construct_efficientnet_v2_seed(const NetworkRequest& request) {
    constexpr std::int64_t head = 1792;
    auto features = std::make_shared<Chain>();
    std::int64_t in = 24;
    features->append(
        conv_norm(request.input.channels, in, {.kernel = 3, .stride = 2, .padding = 1}, silu())
    );
    for (auto stage : kV2SmallStages) {
        for (int i = 0; i < stage.blocks; ++i) {
            features->append(std::make_shared<SeedEfficientBlock>(in, stage));
            in = stage.out;
            stage.stride = 1;
        }
    }
    auto net = std::make_shared<Stack>();
    net->then("features", features).then("conv", conv_norm(in, head, {}, silu()));
    net->then("avg_pool", adaptive_pool(1)).then("flatten", flatten());
    net->then("classifier", linear(head, request.classes));
    return net;
}

}  // namespace

void list_efficientnets(Architectures& all) {
    const NetworkInit init{{Distribution::he_normal_out}, {Distribution::normal, 0.01}};
    for (const auto& size : efficient_sizes()) {
        all.push_back({
            size.name,
            [size](const NetworkRequest& request) { return construct_efficientnet(size, request); },
            initialise_with(init),
        });
    }
    const NetworkInit seed{{Distribution::he_normal_out}, {Distribution::normal, 1e-3}};
    all.push_back({"efficientnetv2_seed", construct_efficientnet_v2_seed, initialise_with(seed)});
}

}  // namespace bw::models
