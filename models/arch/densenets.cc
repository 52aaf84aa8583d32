// DenseNet-BC: Densely Connected Convolutional Networks (Huang et al., 2016).
#include <ATen/ATen.h>

#include "models/arch/architectures.h"
#include "models/arch/blocks.h"
#include "models/arch/stack.h"

namespace bw::models {

namespace {

enum class DenseStem { small_image, imagenet };

struct DenseNetSize {
    const char* name;
    std::int64_t growth;      // channels that each layer adds
    std::vector<int> layers;  // of each block
    std::int64_t stem;        // channels
    DenseStem form;
    CountedRelu last_relu = CountedRelu::no;
};

constexpr std::int64_t kBottleneckFactor = 4;

const std::vector<DenseNetSize>& densenet_sizes() {
    static const std::vector<DenseNetSize> sizes = {
        {"densenet40", 12, {6, 6, 6}, 24, DenseStem::small_image},
        {"densenet40_bc", 12, {6, 6, 6}, 24, DenseStem::small_image, CountedRelu::yes},
        {"densenet100_bc", 12, {16, 16, 16}, 24, DenseStem::small_image, CountedRelu::yes},
        {"densenet121", 32, {6, 12, 24, 16}, 64, DenseStem::imagenet},
        {"densenet161", 48, {6, 12, 36, 24}, 96, DenseStem::imagenet},
        {"densenet169", 32, {6, 12, 32, 32}, 64, DenseStem::imagenet},
        {"densenet201", 32, {6, 12, 48, 32}, 64, DenseStem::imagenet},
    };
    return sizes;
}

/// BN, ReLU, 1x1 to 4 * growth, BN, ReLU, 3x3 to growth.
class DenseLayer final : public Layer {
public:
    DenseLayer(std::int64_t in, std::int64_t growth)
        : norm1_(add("norm1", batch_norm(in))),
          conv1_(add("conv1", conv(in, kBottleneckFactor * growth, {}))),
          norm2_(add("norm2", batch_norm(kBottleneckFactor * growth))),
          conv2_(add("conv2", conv(kBottleneckFactor * growth, growth, {.kernel = 3, .padding = 1}))
          ) {}

    torch::Tensor forward(torch::Tensor x) override {
        return conv2_(relu_(norm2_(conv1_(relu_(norm1_(std::move(x)))))));
    }

private:
    Part norm1_, conv1_, norm2_, conv2_;
    Part relu_ = uncounted_relu();
};

/// Each layer sees the outputs of all layers before it.
class DenseBlock final : public Layer {
public:
    DenseBlock(std::int64_t in, std::int64_t growth, int layers) {
        for (int i = 0; i < layers; ++i) {
            const auto name = "denselayer" + std::to_string(i + 1);
            layers_.push_back(add(name, std::make_shared<DenseLayer>(in + i * growth, growth)));
        }
    }

    torch::Tensor forward(torch::Tensor x) override {
        std::vector<torch::Tensor> outputs = {std::move(x)};
        for (const auto& layer : layers_) outputs.push_back(layer(at::cat(outputs, 1)));
        return at::cat(outputs, 1);
    }

private:
    std::vector<Part> layers_;
};

/// Halves the channels and the image.
class DenseTransition final : public Layer {
public:
    DenseTransition(std::int64_t in, std::int64_t out)
        : norm_(add("norm", batch_norm(in))), conv_(add("conv", conv(in, out, {}))) {}

    torch::Tensor forward(torch::Tensor x) override {
        return pool_(conv_(relu_(norm_(std::move(x)))));
    }

private:
    Part norm_, conv_;
    Part relu_ = uncounted_relu();
    Part pool_ = function([](const torch::Tensor& x) { return at::avg_pool2d(x, {2, 2}); });
};

class DenseFeatures final : public Layer {
public:
    DenseFeatures(const DenseNetSize& size, std::int64_t channels) {
        const bool imagenet = size.form == DenseStem::imagenet;
        if (imagenet) {
            then("conv0", conv(channels, size.stem, {.kernel = 7, .stride = 2, .padding = 3}));
            then("norm0", batch_norm(size.stem));
            then("relu0", models::relu());
            then("pool0", max_pool({.kernel = 3, .stride = 2, .padding = 1}));
        } else {
            then("conv0", conv(channels, size.stem, {.kernel = 3, .padding = 1}));
        }
        width_ = size.stem;
        for (std::size_t i = 0; i < size.layers.size(); ++i) {
            const auto number = std::to_string(i + 1);
            then(
                "denseblock" + number,
                std::make_shared<DenseBlock>(width_, size.growth, size.layers[i])
            );
            width_ += size.layers[i] * size.growth;
            if (i + 1 == size.layers.size()) break;
            then("transition" + number, std::make_shared<DenseTransition>(width_, width_ / 2));
            width_ /= 2;
        }
        then("norm5", batch_norm(width_));
    }

    torch::Tensor forward(torch::Tensor x) override {
        return run_sequence(parts_, std::move(x));
    }

    [[nodiscard]] std::span<const Part> sequence() const override { return parts_; }

    std::int64_t width() const { return width_; }

private:
    void then(const std::string& name, Part part) { parts_.push_back(add(name, std::move(part))); }

    std::vector<Part> parts_;
    std::int64_t width_ = 0;
};

std::shared_ptr<Network> construct_densenet(
    const DenseNetSize& size, const NetworkRequest& request
) {
    auto features = std::make_shared<DenseFeatures>(size, request.input.channels);
    auto net = std::make_shared<Stack>();
    net->then("features", features);
    net->then("relu", size.last_relu == CountedRelu::yes ? relu() : uncounted_relu());
    net->then("pool", global_pool());
    net->then("classifier", linear(features->width(), request.classes));
    return net;
}

}  // namespace

void list_densenets(Architectures& all) {
    const NetworkInit init{{Distribution::he_normal_out}, {Distribution::torch_default}};
    for (const auto& size : densenet_sizes()) {
        all.push_back({
            size.name,
            [size](const NetworkRequest& request) { return construct_densenet(size, request); },
            initialise_with(init),
        });
    }
}

}  // namespace bw::models
