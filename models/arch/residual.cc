#include "models/arch/residual.h"

#include <string>

#include <ATen/ATen.h>

#include "models/arch/blocks.h"

namespace bw::models {

namespace {

constexpr std::int64_t kSqueeze = 16;

struct BlockShape {
    std::int64_t in;
    std::int64_t width;
    std::int64_t out;
    std::int64_t stride;
};

Part block_excitation(const ResidualSize& size, std::int64_t channels) {
    const bool with_conv = size.excitation == Excitation::conv;
    const auto relu_form =
        size.excitation == Excitation::stages_last_idle ? CountedRelu::yes : CountedRelu::no;
    return squeeze_excite({
        .channels = channels,
        .squeezed = channels / kSqueeze,
        .layers = with_conv ? GateLayers::conv : GateLayers::linear,
        .bias = with_conv ? Bias::yes : Bias::no,
        .inner = Activation::relu,
        .relu = relu_form,
    });
}

/// y = relu(x' + F(x)), with x' = x, or a 1x1 convolution of x where the shape changes.
class ResidualBlock final : public Layer {
public:
    ResidualBlock(const ResidualSize& size, const BlockShape& shape)
        : activated_(size.gate_input == GateInput::activated) {
        switch (size.kind) {
            case ResidualKind::basic:
                add_basic(size, shape);
                break;
            case ResidualKind::bottleneck:
                add_bottleneck(size, shape);
                break;
        }
        if (size.excitation == Excitation::linear || size.excitation == Excitation::conv) {
            excite_ = add("se", block_excitation(size, shape.out));
        }
        if (shape.stride == 1 && shape.in == shape.out) return;
        auto path = std::make_shared<Chain>();
        path->append(conv(shape.in, shape.out, {.stride = shape.stride, .bias = size.conv_bias}));
        if (size.shortcut == Shortcut::normalised) path->append(batch_norm(shape.out));
        shortcut_ = add("downsample", path);
    }

    torch::Tensor forward(torch::Tensor x) override {
        auto y = bn2_(conv2_(relu_in_place(bn1_(conv1_(x)))));
        if (conv3_) y = bn3_(conv3_(relu_in_place(y)));
        if (activated_) y = relu_in_place(y);
        if (excite_) y = excite_(y);
        return relu_in_place(y.add_(shortcut_ ? shortcut_(x) : x));
    }

private:
    // 3x3, 3x3
    void add_basic(const ResidualSize& size, const BlockShape& shape) {
        conv1_ =
            add("conv1",
                conv(
                    shape.in,
                    shape.out,
                    {.kernel = 3, .stride = shape.stride, .padding = 1, .bias = size.conv_bias}
                ));
        bn1_ = add("bn1", batch_norm(shape.out));
        conv2_ =
            add("conv2",
                conv(shape.out, shape.out, {.kernel = 3, .padding = 1, .bias = size.conv_bias}));
        bn2_ = add("bn2", batch_norm(shape.out));
    }

    // 1x1 to the width, 3x3 (in groups), 1x1 to the output
    void add_bottleneck(const ResidualSize& size, const BlockShape& shape) {
        const bool early = size.stride_at == StrideAt::conv1;
        const auto width = shape.width;
        conv1_ = add("conv1", conv(shape.in, width, {.stride = early ? shape.stride : 1}));
        bn1_ = add("bn1", batch_norm(width));
        const ConvOptions middle{
            .kernel = 3, .stride = early ? 1 : shape.stride, .padding = 1, .groups = size.groups};
        conv2_ = add("conv2", conv(width, width, middle));
        bn2_ = add("bn2", batch_norm(width));
        conv3_ = add("conv3", conv(width, shape.out, {}));
        bn3_ = add("bn3", batch_norm(shape.out));
    }

    bool activated_;
    Part conv1_, bn1_, conv2_, bn2_, conv3_, bn3_, excite_, shortcut_;
};

class ResidualNetwork final : public Network {
public:
    ResidualNetwork(const ResidualSize& size, const NetworkRequest& request) {
        add_stem(size, request.input.channels);
        add_stage_excitation(size, 0, 64);
        std::int64_t in = 64;
        for (std::size_t stage = 0; stage < size.blocks.size(); ++stage) {
            const auto width = size.width << stage;
            const auto out = size.out << stage;
            auto blocks = std::make_shared<Chain>();
            for (int i = 0; i < size.blocks[stage]; ++i) {
                const std::int64_t stride = stage > 0 && i == 0 ? 2 : 1;
                blocks->append(
                    std::make_shared<ResidualBlock>(size, BlockShape{in, width, out, stride})
                );
                in = out;
            }
            parts_.push_back(add("layer" + std::to_string(stage + 1), blocks));
            add_stage_excitation(size, stage + 1, out);
        }
        if (size.excitation == Excitation::stages_last_idle) parts_.pop_back();
        parts_.push_back(add("avgpool", adaptive_pool(1)));
        parts_.push_back(flatten());
        parts_.push_back(add("fc", linear(in, request.classes)));
    }

    torch::Tensor forward(torch::Tensor x) override {
        return run_sequence(parts_, std::move(x));
    }

    [[nodiscard]] std::span<const Part> sequence() const override { return parts_; }

private:
    void add_stem(const ResidualSize& size, std::int64_t channels) {
        const bool imagenet =
            size.stem == ResidualStem::imagenet || size.stem == ResidualStem::imagenet_ceil_pool;
        ConvOptions options{.kernel = 7, .stride = 2, .padding = 3, .bias = size.conv_bias};
        if (size.stem == ResidualStem::conv3x3) options = {.kernel = 3, .padding = 1};
        if (size.stem == ResidualStem::conv1x1) options = {};
        parts_.push_back(add("conv1", conv(channels, 64, options)));
        parts_.push_back(add("bn1", batch_norm(64)));
        parts_.push_back(size.stem_relu == CountedRelu::yes ? models::relu() : uncounted_relu());
        if (!imagenet) return;
        PoolOptions pool{.kernel = 3, .stride = 2, .padding = 1};
        if (size.stem == ResidualStem::imagenet_ceil_pool) {
            pool = {.kernel = 3, .stride = 2, .rounding = Rounding::ceil};
        }
        parts_.push_back(add("maxpool", max_pool(pool)));
    }

    void add_stage_excitation(const ResidualSize& size, std::size_t stage, std::int64_t channels) {
        if (size.excitation != Excitation::stages &&
            size.excitation != Excitation::stages_last_idle)
            return;
        parts_.push_back(add("se" + std::to_string(stage), block_excitation(size, channels)));
    }

    std::vector<Part> parts_;
};

}  // namespace

std::shared_ptr<Network> construct_residual(
    const ResidualSize& size, const NetworkRequest& request
) {
    return std::make_shared<ResidualNetwork>(size, request);
}

}  // namespace bw::models
