// Xception: Deep Learning with Depthwise Separable Convolutions (Chollet, 2016).
#include <ATen/ATen.h>

#include "models/arch/architectures.h"
#include "models/arch/blocks.h"

namespace bw::models {

namespace {

struct XceptionSize {
    const char* name;
    std::int64_t stem_padding;
    double dropout;
};

constexpr XceptionSize kXceptionSizes[] = {
    {"xception", 1, 0.5},
    {"xception_valid_stem", 0, 0.5},  // Keras
    {"legacy_xception", 0, 0.0},      // timm
};

/// 3x3 depthwise and 1x1 pointwise with no activation between.
Part separable(std::int64_t in, std::int64_t out) {
    class Separable final : public Layer {
    public:
        Separable(std::int64_t from, std::int64_t to)
            : depthwise_(add("conv1", conv(from, from, {.kernel = 3, .padding = 1, .groups = from}))
              ),
              pointwise_(add("pointwise", conv(from, to, {}))) {}

        torch::Tensor forward(torch::Tensor x) override {
            return pointwise_(depthwise_(std::move(x)));
        }

    private:
        Part depthwise_, pointwise_;
    };

    return std::make_shared<Separable>(in, out);
}

/// A ReLU that leaves its input alone: the shortcut needs it.
class FreshRelu final : public Layer {
public:
    torch::Tensor forward(torch::Tensor x) override { return is_shape_only(x) ? x : at::relu(x); }

    LayerCost cost(const torch::Tensor& x, const torch::Tensor&) const override {
        return {.macs = 0, .seed_flops = x.numel()};
    }
};

struct XceptionBlockShape {
    std::int64_t in;
    std::vector<std::int64_t> out;  // of each separable convolution
    std::int64_t stride;
    bool leading_relu = true;
};

/// (ReLU, separable, BN) each, a pool where the stride is 2; plus x, or a 1x1 convolution of it. No
/// ReLU after.
class XceptionBlock final : public Layer {
public:
    explicit XceptionBlock(const XceptionBlockShape& shape) {
        if (shape.stride != 1 || shape.in != shape.out.back()) {
            skip_ = add("skip", conv(shape.in, shape.out.back(), {.stride = shape.stride}));
            skip_norm_ = add("skipbn", batch_norm(shape.out.back()));
        }
        auto path = std::make_shared<Chain>();
        std::int64_t in = shape.in;
        bool first = true;
        for (const auto out : shape.out) {
            if (!first) path->append(relu());
            if (first && shape.leading_relu) path->append(std::make_shared<FreshRelu>());
            path->append(separable(in, out)).append(batch_norm(out));
            in = out;
            first = false;
        }
        if (shape.stride != 1)
            path->append(max_pool({.kernel = 3, .stride = shape.stride, .padding = 1}));
        path_ = add("rep", path);
    }

    torch::Tensor forward(torch::Tensor x) override {
        return path_(x).add_(skip_ ? skip_norm_(skip_(x)) : x);
    }

private:
    Part skip_, skip_norm_, path_;
};

std::vector<XceptionBlockShape> xception_blocks() {
    std::vector<XceptionBlockShape> blocks = {
        {64, {128, 128}, 2, false},
        {128, {256, 256}, 2},
        {256, {728, 728}, 2},
    };
    for (int i = 0; i < 8; ++i) blocks.push_back({728, {728, 728, 728}, 1});
    blocks.push_back({728, {728, 1024}, 2});
    return blocks;
}

class Xception final : public Network {
public:
    Xception(const XceptionSize& size, const NetworkRequest& request) {
        const auto padding = size.stem_padding;
        then(
            "conv1",
            conv(request.input.channels, 32, {.kernel = 3, .stride = 2, .padding = padding})
        );
        then_norm_relu("1", 32);
        then("conv2", conv(32, 64, {.kernel = 3, .padding = padding}));
        then_norm_relu("2", 64);
        int number = 1;
        for (const auto& shape : xception_blocks()) {
            then("block" + std::to_string(number), std::make_shared<XceptionBlock>(shape));
            ++number;
        }
        then("conv3", separable(1024, 1536));
        then_norm_relu("3", 1536);
        then("conv4", separable(1536, 2048));
        then_norm_relu("4", 2048);
        then("global_pool", global_pool());
        then("dropout", dropout(size.dropout));
        then("fc", linear(2048, request.classes));
    }

    torch::Tensor forward(torch::Tensor x) override {
        return run_sequence(parts_, std::move(x));
    }

    [[nodiscard]] std::span<const Part> sequence() const override { return parts_; }

private:
    void then(const std::string& name, Part part) { parts_.push_back(add(name, std::move(part))); }

    void then_norm_relu(const std::string& number, std::int64_t channels) {
        then("bn" + number, batch_norm(channels));
        then("act" + number, models::relu());
    }

    std::vector<Part> parts_;
};

}  // namespace

void list_xceptions(Architectures& all) {
    const NetworkInit init{{Distribution::he_normal_out}, {Distribution::torch_default}};
    for (const auto& size : kXceptionSizes) {
        all.push_back({
            size.name,
            [size](const NetworkRequest& request) {
                return std::make_shared<Xception>(size, request);
            },
            initialise_with(init),
        });
    }
}

}  // namespace bw::models
