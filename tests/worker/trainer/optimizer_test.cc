// Our update rules on flat buckets against LibTorch's own optimizers on separate tensors.
#include "worker/trainer/optimizer/optimizer.h"

#include <memory>

#include <gtest/gtest.h>
#include <torch/nn/modules/linear.h>
#include <torch/optim/adam.h>
#include <torch/optim/sgd.h>

#include "worker/trainer/model_state.h"

namespace bw::trainer {
namespace {

struct TwoLayers : torch::nn::Module {
    TwoLayers() {
        first = register_module("first", torch::nn::Linear(7, 5));
        second = register_module("second", torch::nn::Linear(5, 3));
    }

    torch::Tensor forward(const torch::Tensor& x) { return second(torch::tanh(first(x))); }

    torch::nn::Linear first{nullptr}, second{nullptr};
};

std::shared_ptr<TwoLayers> two_layers() {
    torch::manual_seed(3);
    return std::make_shared<TwoLayers>();
}

/// 30 steps of both; the largest difference of a parameter at the end.
double difference(
    torch::optim::Optimizer& theirs,
    TwoLayers& their_net,
    Optimizer& ours,
    TwoLayers& our_net,
    FlatParameters& flat,
    double momentum = 0
) {
    for (std::int64_t number = 1; number <= 30; ++number) {
        const auto x = torch::randn({4, 7});
        their_net.zero_grad();
        their_net.forward(x).square().sum().backward();
        theirs.step();
        flat.zero_gradients();
        our_net.forward(x).square().sum().backward();
        ours.update({.learning_rate = 0.01, .momentum = momentum, .number = number});
    }
    double worst = 0;
    const auto expected = their_net.parameters();
    const auto got = our_net.parameters();
    for (std::size_t i = 0; i < got.size(); ++i) {
        worst = std::max(worst, (got[i] - expected[i]).abs().max().item<double>());
    }
    return worst;
}

TEST(OptimizerRules, SgdEqualsLibTorchs) {
    for (const double momentum : {0.0, 0.9}) {
        const auto their_net = two_layers();
        const auto our_net = two_layers();
        torch::optim::SGD theirs(
            their_net->parameters(),
            torch::optim::SGDOptions(0.01).momentum(momentum).weight_decay(1e-3)
        );
        FlatParameters flat(*our_net, 64);
        EXPECT_GT(flat.buckets().size(), 1u);
        const auto ours = make_sgd(
            flat, {.kind = OptimizerKind::sgd, .momentum = momentum, .weight_decay = 1e-3}
        );
        EXPECT_LE(difference(theirs, *their_net, *ours, *our_net, flat, momentum), 1e-6)
            << momentum;
    }
}

TEST(OptimizerRules, AdamEqualsLibTorchs) {
    for (const double weight_decay : {0.0, 1e-2}) {
        const auto their_net = two_layers();
        const auto our_net = two_layers();
        torch::optim::Adam theirs(
            their_net->parameters(), torch::optim::AdamOptions(0.01).weight_decay(weight_decay)
        );
        FlatParameters flat(*our_net, 64);
        const auto ours = make_adam(flat, {.weight_decay = weight_decay});
        EXPECT_LE(difference(theirs, *their_net, *ours, *our_net, flat), 1e-6) << weight_decay;
    }
}

TEST(FlatParametersLayout, KeepsValuesAndGivesGradientsAsViews) {
    const auto plain = two_layers();
    const auto net = two_layers();
    FlatParameters flat(*net, 64);
    const auto expected = plain->parameters();
    const auto got = net->parameters();
    for (std::size_t i = 0; i < got.size(); ++i) {
        EXPECT_TRUE(torch::equal(got[i], expected[i]));
        const auto& slot = flat.slots()[i];
        auto& bucket = flat.buckets()[slot.bucket];
        EXPECT_TRUE(got[i].grad().is_alias_of(bucket.gradients));
        bucket.weights.fill_(static_cast<double>(i));
        EXPECT_EQ(got[i].max().item<double>(), static_cast<double>(i));
    }
    net->forward(torch::ones({2, 7})).sum().backward();
    EXPECT_TRUE(got[3].grad().is_alias_of(flat.buckets()[flat.slots()[3].bucket].gradients))
        << "after backward too";
    flat.zero_gradients();
    EXPECT_EQ(got[3].grad().abs().max().item<double>(), 0.0);
}

TEST(ModelState, ARoundTripRestoresWeightsAndOptimizer) {
    const auto net = two_layers();
    FlatParameters flat(*net);
    const auto rule = make_adam(flat, {});
    net->forward(torch::ones({2, 7})).sum().backward();
    rule->update({.learning_rate = 0.1, .number = 1});
    auto tensors = weights_of(*net);
    for (const auto& tensor : optimizer_state_of(*rule, flat)) tensors.push_back(tensor);
    std::vector<torch::Tensor> hold;
    CheckpointFile file;
    for (const auto& bytes : bytes_of(tensors, hold)) file.tensors.push_back(bytes);
    for (auto& copy : hold) copy = copy.clone();
    for (std::size_t i = 0; i < hold.size(); ++i) {
        file.tensors[i].bytes = {
            static_cast<const std::uint8_t*>(hold[i].data_ptr()), hold[i].nbytes()};
    }
    const std::string digest = digest_of(tensors);
    rule->update({.learning_rate = 0.1, .number = 2});
    EXPECT_NE(digest_of(tensors), digest);
    ASSERT_TRUE(restore(file, tensors));
    EXPECT_EQ(digest_of(tensors), digest);
    file.tensors[0].shape = {5, 8};
    EXPECT_NE(
        restore(file, tensors).error().message.find("is F32[5, 8], expected F32[5, 7]"),
        std::string::npos
    );
    file.tensors.erase(file.tensors.begin());
    EXPECT_NE(
        restore(file, tensors).error().message.find("no tensor \"first.weight\""), std::string::npos
    );
}

}  // namespace
}  // namespace bw::trainer
