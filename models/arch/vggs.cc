// VGG: Very Deep Convolutional Networks for Large-Scale Image Recognition (Simonyan & Zisserman,
// 2014).
#include "models/arch/architectures.h"
#include "models/arch/stack.h"

namespace bw::models {

namespace {

struct VggSize {
    const char* name;
    int convs[5];  // 3x3 convolutions of each stage; a pool of two ends it
    bool batch_norm = false;
    double multiplier = 1.0;  // of all convolutions' channels
};

constexpr VggSize kVggSizes[] = {
    {"vgg11", {1, 1, 2, 2, 2}},
    {"vgg13", {2, 2, 2, 2, 2}},
    {"vgg16", {2, 2, 3, 3, 3}},
    {"vgg19", {2, 2, 4, 4, 4}},
    {"vgg11_bn", {1, 1, 2, 2, 2}, true},
    {"vgg13_bn", {2, 2, 2, 2, 2}, true},
    {"vgg16_bn", {2, 2, 3, 3, 3}, true},
    {"vgg19_bn", {2, 2, 4, 4, 4}, true},
    {"vgg11_quarter_channels", {1, 1, 2, 2, 2}, false, 0.25},
};

constexpr std::int64_t kVggChannels[5] = {64, 128, 256, 512, 512};

// The adaptive pool changes nothing at 224 pixels and keeps the linear layers' size at other ones.
std::shared_ptr<Network> construct_vgg(const VggSize& size, const NetworkRequest& request) {
    auto features = std::make_shared<Chain>();
    std::int64_t in = request.input.channels;
    for (std::size_t stage = 0; stage < 5; ++stage) {
        const auto out =
            static_cast<std::int64_t>(static_cast<double>(kVggChannels[stage]) * size.multiplier);
        for (int i = 0; i < size.convs[stage]; ++i) {
            features->append(conv(in, out, {.kernel = 3, .padding = 1, .bias = Bias::yes}));
            if (size.batch_norm) features->append(batch_norm(out));
            features->append(relu());
            in = out;
        }
        features->append(max_pool({}));
    }
    auto net = std::make_shared<Stack>();
    net->then("features", features).then("avgpool", adaptive_pool(7)).then("flatten", flatten());
    net->then(
        "classifier",
        chain({
            linear(in * 7 * 7, 4096),
            relu(),
            dropout(0.5),
            linear(4096, 4096),
            relu(),
            dropout(0.5),
            linear(4096, request.classes),
        })
    );
    return net;
}

}  // namespace

void list_vggs(Architectures& all) {
    const NetworkInit xavier{{Distribution::xavier_uniform}, {Distribution::xavier_uniform}};
    for (const auto& size : kVggSizes) {
        all.push_back({
            size.name,
            [size](const NetworkRequest& request) { return construct_vgg(size, request); },
            initialise_with(xavier),
            [size](const NetworkRequest& request, double multiplier) {
                auto scaled = size;
                scaled.multiplier *= multiplier;
                return construct_vgg(scaled, request);
            },
        });
    }
}

}  // namespace bw::models
