// Network In Network (Lin et al., 2013), the ImageNet form of the authors.
#include "models/arch/architectures.h"
#include "models/arch/stack.h"

namespace bw::models {

namespace {

// A convolution and two 1x1 convolutions: a small network that slides over the image.
void append_mlpconv(Chain& net, std::int64_t in, std::int64_t out, const ConvOptions& options) {
    const ConvOptions pointwise{.bias = Bias::yes};
    net.append(conv(in, out, options)).append(relu());
    net.append(conv(out, out, pointwise)).append(relu());
    net.append(conv(out, out, pointwise)).append(relu());
}

// The ReLU after the last convolution stays, as in the authors' network: logits are not negative.
std::shared_ptr<Network> construct_nin(const NetworkRequest& request) {
    auto parts = std::make_shared<Chain>();
    const PoolOptions pool{.kernel = 3, .stride = 2};
    append_mlpconv(
        *parts, request.input.channels, 96, {.kernel = 11, .stride = 4, .bias = Bias::yes}
    );                              // 54 x 54
    parts->append(max_pool(pool));  // 26 x 26
    append_mlpconv(*parts, 96, 256, {.kernel = 5, .padding = 2, .bias = Bias::yes});
    parts->append(max_pool(pool));  // 12 x 12
    append_mlpconv(*parts, 256, 384, {.kernel = 3, .padding = 1, .bias = Bias::yes});
    parts->append(max_pool(pool));  // 5 x 5
    parts->append(dropout(0.5));
    append_mlpconv(*parts, 384, request.classes, {.kernel = 3, .padding = 1, .bias = Bias::yes});
    parts->append(adaptive_pool(1));
    auto net = std::make_shared<Stack>();
    net->then("net", parts).then("flatten", flatten());
    return net;
}

}  // namespace

void list_nins(Architectures& all) {
    const NetworkInit xavier{{Distribution::xavier_uniform}, {Distribution::xavier_uniform}};
    all.push_back({"nin", construct_nin, initialise_with(xavier)});
}

}  // namespace bw::models
