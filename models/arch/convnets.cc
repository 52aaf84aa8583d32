// Small networks: the seed's two with BatchNorm (a ConvNet, and LeNet-5 as in its hand-written
// BatchNorm lesson), and a perceptron with two hidden layers.
#include "models/arch/architectures.h"
#include "models/arch/init.h"
#include "models/arch/stack.h"

namespace bw::models {

namespace {

// The adaptive pool makes the linear layer fit any input; at 28 pixels it changes nothing.
std::shared_ptr<Network> construct_cnn(const NetworkRequest& request) {
    auto net = std::make_shared<Stack>();
    const ConvOptions conv5{.kernel = 5, .padding = 2, .bias = Bias::yes};
    net->then(
        "features",
        chain({
            conv(request.input.channels, 16, conv5),
            batch_norm(16),
            relu(),
            max_pool({}),  // 16 x H/2
            conv(16, 32, conv5),
            batch_norm(32),
            relu(),
            max_pool({}),      // 32 x H/4
            adaptive_pool(7),  // 32 x 7 x 7
        })
    );
    net->then("flatten", flatten());
    net->then("fc", linear(32 * 7 * 7, request.classes));
    return net;
}

// 1 x 28 x 28 only. A BatchNorm follows every weighted layer but the last, so biases add nothing
// (`lenet_bn_bias`).
std::shared_ptr<Network> construct_lenet(const NetworkRequest& request, Bias bias) {
    auto net = std::make_shared<Stack>();
    const auto sigmoid = [] { return activation(Activation::sigmoid); };
    const ConvOptions conv5{.kernel = 5, .bias = bias};
    net->then(
        "features",
        chain({
            conv(request.input.channels, 6, conv5),
            batch_norm(6),
            sigmoid(),
            average_pool({}),  // 6 x 12 x 12
            conv(6, 16, conv5),
            batch_norm(16),
            sigmoid(),
            average_pool({}),  // 16 x 4 x 4
        })
    );
    net->then("flatten", flatten());
    net->then(
        "classifier",
        chain({
            linear(16 * 4 * 4, 120, bias),
            batch_norm(120),
            sigmoid(),
            linear(120, 84, bias),
            batch_norm(84),
            sigmoid(),
            linear(84, request.classes, bias),
        })
    );
    return net;
}

std::shared_ptr<Network> construct_mlp(const NetworkRequest& request) {
    constexpr std::int64_t kHidden = 256;
    const InputShape& input = request.input;
    auto net = std::make_shared<Stack>();
    net->then("flatten", flatten());
    net->then(
        "classifier",
        chain({
            linear(input.channels * input.height * input.width, kHidden),
            relu(),
            linear(kHidden, kHidden),
            relu(),
            linear(kHidden, request.classes),
        })
    );
    return net;
}

void initialise_convnet(Network& network) { initialise(network, NetworkInit{}); }

}  // namespace

void list_convnets(Architectures& all) {
    all.push_back({"cnn", construct_cnn, initialise_convnet});
    all.push_back({"mlp", construct_mlp, initialise_convnet});
    for (const Bias bias : {Bias::no, Bias::yes}) {
        all.push_back({
            bias == Bias::no ? "lenet_bn" : "lenet_bn_bias",
            [bias](const NetworkRequest& request) { return construct_lenet(request, bias); },
            initialise_convnet,
        });
    }
}

}  // namespace bw::models
