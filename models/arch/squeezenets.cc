// SqueezeNet: AlexNet-level accuracy with 50x fewer parameters (Iandola et al., 2016), versions 1.0
// and 1.1, and the seed's form with BatchNorm and a stem for small images.
#include <ATen/ATen.h>

#include "models/arch/architectures.h"
#include "models/arch/blocks.h"
#include "models/arch/init.h"
#include "models/arch/stack.h"

namespace bw::models {

namespace {

struct FireShape {
    std::int64_t in, squeeze, expand;
};

constexpr FireShape kFires[] = {
    {64, 16, 64},
    {128, 16, 64},
    {128, 32, 128},
    {256, 32, 128},
    {256, 48, 192},
    {384, 48, 192},
    {384, 64, 256},
    {512, 64, 256},
};

/// ReLU(1x1 to squeeze), then ReLU of a 1x1 and a 3x3 to expand, side by side.
class Fire final : public Layer {
public:
    explicit Fire(const FireShape& s)
        : squeeze_(add("squeeze", conv(s.in, s.squeeze, {.bias = Bias::yes}))),
          expand1x1_(add("expand1x1", conv(s.squeeze, s.expand, {.bias = Bias::yes}))),
          expand3x3_(add(
              "expand3x3", conv(s.squeeze, s.expand, {.kernel = 3, .padding = 1, .bias = Bias::yes})
          )) {}

    torch::Tensor forward(torch::Tensor x) override {
        x = relu_(squeeze_(std::move(x)));
        return at::cat({relu_(expand1x1_(x)), relu_(expand3x3_(x))}, 1);
    }

private:
    Part squeeze_, expand1x1_, expand3x3_;
    Part relu_ = models::relu();
};

/// With BatchNorm; the ReLU comes after the concatenation.
class NormedFire final : public Layer {
public:
    NormedFire(const FireShape& s, CountedRelu counted)
        : squeeze_(
              add("squeeze",
                  conv_norm(
                      s.in,
                      s.squeeze,
                      {.bias = Bias::yes},
                      counted == CountedRelu::yes ? models::relu() : uncounted_relu()
                  ))
          ),
          expand1x1_(add("expand1x1", conv_norm(s.squeeze, s.expand, {.bias = Bias::yes}))),
          expand3x3_(
              add("expand3x3",
                  conv_norm(s.squeeze, s.expand, {.kernel = 3, .padding = 1, .bias = Bias::yes}))
          ),
          last_(uncounted_relu()) {}

    torch::Tensor forward(torch::Tensor x) override {
        x = squeeze_(std::move(x));
        return last_(at::cat({expand1x1_(x), expand3x3_(x)}, 1));
    }

private:
    Part squeeze_, expand1x1_, expand3x3_, last_;
};

Part fire(const FireShape& shape) { return std::make_shared<Fire>(shape); }

Part squeeze_pool() { return max_pool({.kernel = 3, .stride = 2, .rounding = Rounding::ceil}); }

// Dropout, a 1x1 convolution to the classes, ReLU (so logits are not negative), the mean.
std::shared_ptr<Network> with_squeeze_head(std::shared_ptr<Chain> features, int classes) {
    auto net = std::make_shared<Stack>();
    net->then("features", std::move(features));
    net->then(
        "classifier",
        chain({dropout(0.5), conv(512, classes, {.bias = Bias::yes}), relu(), adaptive_pool(1)})
    );
    net->then("flatten", flatten());
    return net;
}

std::shared_ptr<Network> construct_squeezenet_1_0(const NetworkRequest& request) {
    auto features = std::make_shared<Chain>();
    features->append(conv(request.input.channels, 96, {.kernel = 7, .stride = 2, .bias = Bias::yes})
    );
    features->append(relu()).append(squeeze_pool());
    features->append(fire({96, 16, 64}))
        .append(fire(kFires[1]))
        .append(fire(kFires[2]))
        .append(squeeze_pool());
    for (std::size_t i = 3; i < 7; ++i) features->append(fire(kFires[i]));
    features->append(squeeze_pool()).append(fire(kFires[7]));
    return with_squeeze_head(features, request.classes);
}

// The pools come earlier: 2.4 times cheaper.
std::shared_ptr<Network> construct_squeezenet_1_1(const NetworkRequest& request) {
    auto features = std::make_shared<Chain>();
    features->append(conv(request.input.channels, 64, {.kernel = 3, .stride = 2, .bias = Bias::yes})
    );
    features->append(relu()).append(squeeze_pool());
    features->append(fire(kFires[0])).append(fire(kFires[1])).append(squeeze_pool());
    features->append(fire(kFires[2])).append(fire(kFires[3])).append(squeeze_pool());
    for (std::size_t i = 4; i < 8; ++i) features->append(fire(kFires[i]));
    return with_squeeze_head(features, request.classes);
}

// Stride 1 in the stem, pools of two, no ReLU after the last convolution. The seed's dropout, which
// stayed active in evaluation, and its log-softmax are left out.
std::shared_ptr<Network> construct_squeezenet_bn(
    const NetworkRequest& request, CountedRelu counted
) {
    auto features = std::make_shared<Chain>();
    const auto normed = [&](const FireShape& shape) {
        features->append(std::make_shared<NormedFire>(shape, counted));
    };
    features->append(
        conv(request.input.channels, 96, {.kernel = 3, .padding = 1, .bias = Bias::yes})
    );
    features->append(batch_norm(96)).append(relu()).append(max_pool({}));
    normed({96, 16, 64});
    normed(kFires[1]);
    normed(kFires[2]);
    features->append(max_pool({}));
    for (std::size_t i = 3; i < 7; ++i) normed(kFires[i]);
    features->append(max_pool({}));
    normed(kFires[7]);
    auto net = std::make_shared<Stack>();
    net->then("features", features).then("conv10", conv(512, request.classes, {.bias = Bias::yes}));
    net->then("pool", global_pool());
    return net;
}

void initialise_squeezenet(Network& network) {
    initialise(network, {{Distribution::he_uniform_in}, {}});
    for (const auto& item : network.named_modules()) {
        auto* last = dynamic_cast<Conv*>(item.value().get());
        if (last != nullptr && item.key() == "classifier.1")
            fill_weight(last->weight, {Distribution::normal, 0.01});
    }
}

}  // namespace

void list_squeezenets(Architectures& all) {
    const auto he = initialise_with({{Distribution::he_normal_in}, {}});
    const auto normed = [](CountedRelu counted) {
        return [counted](const NetworkRequest& request) {
            return construct_squeezenet_bn(request, counted);
        };
    };
    all.push_back({"squeezenet", construct_squeezenet_1_1, initialise_squeezenet});
    all.push_back({"squeezenet1_0", construct_squeezenet_1_0, initialise_squeezenet});
    all.push_back({"squeezenet_bn", normed(CountedRelu::no), he});
    all.push_back({"squeezenet_seed", normed(CountedRelu::yes), he});
}

}  // namespace bw::models
