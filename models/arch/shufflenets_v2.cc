// ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design (Ma et al., 2018).
#include <ATen/ATen.h>

#include "models/arch/architectures.h"
#include "models/arch/blocks.h"
#include "models/arch/stack.h"

namespace bw::models {

namespace {

struct ShuffleV2Size {
    const char* name;
    std::int64_t widths[3];  // of the stages
    std::int64_t last;
};

constexpr ShuffleV2Size kShuffleV2Sizes[] = {
    {"shufflenet_v2_x0_5", {48, 96, 192}, 1024},
    {"shufflenet_v2_x1_0", {116, 232, 464}, 1024},
    {"shufflenet_v2_x1_5", {176, 352, 704}, 1024},
    {"shufflenet_v2_x2_0", {244, 488, 976}, 2048},
};

constexpr int kShuffleV2Units[3] = {4, 8, 4};

void append_pointwise(Chain& path, std::int64_t in, std::int64_t out) {
    path.append(conv(in, out, {})).append(batch_norm(out)).append(relu());
}

void append_depthwise(Chain& path, std::int64_t width, std::int64_t stride) {
    path.append(conv(width, width, {.kernel = 3, .stride = stride, .padding = 1, .groups = width}));
    path.append(batch_norm(width));
}

/// Half of the channels pass (or, where the image halves, take a path of their own); the halves are
/// then mixed.
class ShuffleV2Unit final : public Layer {
public:
    ShuffleV2Unit(std::int64_t in, std::int64_t out, std::int64_t stride) : stride_(stride) {
        const auto half = out / 2;
        auto first = std::make_shared<Chain>();
        if (stride > 1) {
            append_depthwise(*first, in, stride);
            append_pointwise(*first, in, half);
        }
        auto second = std::make_shared<Chain>();
        append_pointwise(*second, stride > 1 ? in : half, half);
        append_depthwise(*second, half, stride);
        append_pointwise(*second, half, half);
        branch1_ = add("branch1", first);
        branch2_ = add("branch2", second);
    }

    torch::Tensor forward(torch::Tensor x) override {
        if (stride_ > 1) return shuffle_channels(at::cat({branch1_(x), branch2_(x)}, 1), 2);
        const auto halves = x.chunk(2, 1);
        return shuffle_channels(at::cat({halves[0], branch2_(halves[1])}, 1), 2);
    }

private:
    std::int64_t stride_;
    Part branch1_, branch2_;
};

std::shared_ptr<Network> construct_shufflenet_v2(
    const ShuffleV2Size& size, const NetworkRequest& request
) {
    auto net = std::make_shared<Stack>();
    std::int64_t in = 24;
    net->then(
        "conv1",
        conv_norm(request.input.channels, in, {.kernel = 3, .stride = 2, .padding = 1}, relu())
    );
    net->then("maxpool", max_pool({.kernel = 3, .stride = 2, .padding = 1}));
    for (std::size_t stage = 0; stage < 3; ++stage) {
        auto units = std::make_shared<Chain>();
        for (int i = 0; i < kShuffleV2Units[stage]; ++i) {
            units->append(std::make_shared<ShuffleV2Unit>(in, size.widths[stage], i == 0 ? 2 : 1));
            in = size.widths[stage];
        }
        net->then("stage" + std::to_string(stage + 2), units);
    }
    net->then("conv5", conv_norm(in, size.last, {}, relu()));
    net->then("pool", global_pool()).then("fc", linear(size.last, request.classes));
    return net;
}

}  // namespace

void list_shufflenets_v2(Architectures& all) {
    const NetworkInit he{{Distribution::he_normal_out}, {Distribution::torch_default}};
    for (const auto& size : kShuffleV2Sizes) {
        all.push_back({
            size.name,
            [size](const NetworkRequest& request) {
                return construct_shufflenet_v2(size, request);
            },
            initialise_with(he),
        });
    }
}

}  // namespace bw::models
