// ShuffleNet: An Extremely Efficient Convolutional Neural Network for Mobile Devices (Zhang et al.,
// 2017).
#include <algorithm>
#include <cmath>

#include <ATen/ATen.h>

#include "models/arch/architectures.h"
#include "models/arch/blocks.h"
#include "models/arch/stack.h"

namespace bw::models {

namespace {

enum class ShuffleForm { paper, seed };

struct ShuffleV1Size {
    const char* name;
    std::int64_t groups;
    std::int64_t width;  // of the first stage; the others double it
    std::int64_t stem = 24;
    ShuffleForm form = ShuffleForm::paper;
};

constexpr ShuffleV1Size kShuffleV1Sizes[] = {
    {"shufflenet", 2, 200},
    {"shufflenetv1_g1", 1, 144},
    {"shufflenetv1_g3", 3, 240},
    {"shufflenetv1_g4", 4, 272},
    {"shufflenetv1_g8", 8, 384},
    {"shufflenetv1_g3_x0.25", 3, 60, 6},
    {"shufflenetv1_g3_x0.5", 3, 120, 12},
    {"shufflenetv1_g3_x1.5", 3, 360, 24},
    {"shufflenetv1_g3_x2.0", 3, 480, 48},
    {"shufflenet_seed", 2, 200, 24, ShuffleForm::seed},
};

struct ShuffleUnitShape {
    std::int64_t in;
    std::int64_t out;  // of the stage
    std::int64_t stride;
    std::int64_t groups;
    bool first;  // the very first unit: its input is too narrow for groups
    ShuffleForm form;
};

/// As a function: the seed's convention sees the pools of the seed's form only.
Part mean_pool() {
    return function([](const torch::Tensor& x) {
        return at::avg_pool2d(x, {3, 3}, {2, 2}, {1, 1});
    });
}

/// 1x1 in groups, shuffle, 3x3 depthwise, 1x1 in groups; added to x, or beside x's mean pool where
/// it halves.
class ShuffleUnit final : public Layer {
public:
    explicit ShuffleUnit(const ShuffleUnitShape& s) : shape_(s) {
        const bool seed = s.form == ShuffleForm::seed;
        const auto branch = s.stride == 2 ? s.out - s.in : s.out;
        const auto middle = (seed ? branch : s.out) / 4;
        const ConvOptions depthwise{
            .kernel = 3, .stride = s.stride, .padding = 1, .groups = middle};
        reduce_ =
            add("conv1",
                conv_norm(
                    s.in,
                    middle,
                    {.groups = s.first ? 1 : s.groups},
                    seed ? models::relu() : uncounted_relu()
                ));
        spatial_ =
            add("conv2", conv_norm(middle, middle, depthwise, seed ? models::relu() : Part()));
        expand_ = add("conv3", conv_norm(middle, branch, {.groups = s.groups}));
        if (s.stride == 2)
            pool_ = seed ? average_pool({.kernel = 3, .stride = 2, .padding = 1}) : mean_pool();
    }

    torch::Tensor forward(torch::Tensor x) override {
        const bool seed = shape_.form == ShuffleForm::seed;
        auto y = reduce_(x);
        y = shuffle_channels(y, seed && shape_.first ? 1 : shape_.groups);
        y = expand_(spatial_(y));
        if (shape_.stride == 1) return relu_in_place(y.add_(x));
        const auto pooled = pool_(x);
        return relu_in_place(seed ? at::cat({y, pooled}, 1) : at::cat({pooled, y}, 1));
    }

private:
    ShuffleUnitShape shape_;
    Part reduce_, spatial_, expand_, pool_;
};

constexpr int kShuffleUnits[] = {4, 8, 4};

// The paper halves the image twice before the stages; the seed's 1x1 stem keeps it.
std::shared_ptr<Network> construct_shufflenet_v1(
    const ShuffleV1Size& size, const NetworkRequest& request
) {
    auto net = std::make_shared<Stack>();
    const bool seed = size.form == ShuffleForm::seed;
    const ConvOptions half{.kernel = 3, .stride = 2, .padding = 1};
    auto stem = std::make_shared<Chain>();
    stem->append(conv(request.input.channels, size.stem, seed ? ConvOptions{} : half));
    stem->append(batch_norm(size.stem)).append(relu());
    if (!seed) stem->append(max_pool({.kernel = 3, .stride = 2, .padding = 1}));
    net->then("stem", stem);
    auto stages = std::make_shared<Chain>();
    std::int64_t in = size.stem;
    std::int64_t out = size.width;
    for (const int units : kShuffleUnits) {
        for (int i = 0; i < units; ++i) {
            stages->append(std::make_shared<ShuffleUnit>(ShuffleUnitShape{
                .in = in,
                .out = out,
                .stride = i == 0 ? 2 : 1,
                .groups = size.groups,
                .first = stages->size() == 0,
                .form = size.form,
            }));
            in = out;
        }
        out *= 2;
    }
    net->then("stages", stages).then("pool", global_pool()).then("fc", linear(in, request.classes));
    return net;
}

/// The widths of the paper's table times the multiplier, in whole groups of the bottleneck; the
/// stem is 24 wide at 1 and at 1.5, 48 at 2, and as much narrower as the stages below 1.
ShuffleV1Size scaled_size(ShuffleV1Size size, double multiplier) {
    const auto grain = static_cast<double>(4 * size.groups);
    const double width = static_cast<double>(size.width) * multiplier;
    const double stem = 24.0 * (multiplier < 1.0 ? multiplier : std::floor(multiplier));
    size.width = static_cast<std::int64_t>(std::ceil(width / grain - 1e-9) * grain);
    size.stem = std::max<std::int64_t>(1, static_cast<std::int64_t>(stem + 1e-9));
    return size;
}

}  // namespace

void list_shufflenets_v1(Architectures& all) {
    const NetworkInit he{{Distribution::he_normal_out}, {Distribution::torch_default}};
    for (const auto& size : kShuffleV1Sizes) {
        all.push_back({
            size.name,
            [size](const NetworkRequest& request) {
                return construct_shufflenet_v1(size, request);
            },
            initialise_with(he),
            [size](const NetworkRequest& request, double multiplier) {
                return construct_shufflenet_v1(scaled_size(size, multiplier), request);
            },
        });
    }
}

}  // namespace bw::models
