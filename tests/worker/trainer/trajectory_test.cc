// Update rules against trajectories computed by PyTorch in float64 (golden_train.json), and what
// acts on all gradients together against LibTorch's own.
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <torch/nn/modules/linear.h>
#include <torch/nn/utils/clip_grad.h>

#include "worker/trainer/optimizer/gradients.h"
#include "worker/trainer/optimizer/optimizer.h"
#include "worker/trainer/optimizer/sharpness.h"

namespace bw::trainer {
namespace {

using Kind = OptimizerKind;

const nlohmann::json& golden() {
    static const auto kGolden = [] {
        std::ifstream file(BW_TEST_DATA "/models/golden_train.json");
        return nlohmann::json::parse(file).at("optim");
    }();
    return kGolden;
}

torch::Tensor row(const nlohmann::json& json) {
    return torch::tensor(json.get<std::vector<double>>(), torch::kDouble);
}

struct Weights : torch::nn::Module {
    Weights() { w = register_parameter("w", row(golden().at("w0"))); }

    torch::Tensor w;
};

/// f(w) = 1/2 sum a_j (w_j - b_j)^2 + 1/10 sum sin(3 w_j), a_j = (j + 1) / 2.
torch::Tensor objective(const torch::Tensor& w) {
    const auto a = torch::arange(1, 7, torch::kDouble) * 0.5;
    return 0.5 * (a * (w - row(golden().at("b"))).square()).sum() + 0.1 * (3 * w).sin().sum();
}

struct Trajectory {
    std::string name;
    OptimizerSpec spec;
    double learning_rate = 0;
    SharpnessSpec sharpness;
};

std::vector<Trajectory> trajectories() {
    const OptimizerSpec sgd{.kind = Kind::sgd, .momentum = 0.9, .weight_decay = 1e-4};
    OptimizerSpec nesterov = sgd;
    nesterov.nesterov = Nesterov::yes;
    const OptimizerSpec tensorflow{
        .kind = Kind::rmsprop,
        .momentum = 0.9,
        .weight_decay = 4e-5,
        .epsilon = 1,
        .rms_decay = 0.9};
    return {
        {"sgd_lr.05_mom.9_wd1e-4", sgd, 0.05, {}},
        {"sgd_nesterov_lr.05_mom.9_wd1e-4", nesterov, 0.05, {}},
        {"adam_lr.01_wd1e-5", {.weight_decay = 1e-5}, 0.01, {}},
        {"adamw_lr.01_wd.1", {.kind = Kind::adamw, .weight_decay = 0.1}, 0.01, {}},
        {"rmsprop_lr.01_alpha.99", {.kind = Kind::rmsprop}, 0.01, {}},
        {"rmsprop_lr.045_alpha.9_eps1_mom.9_wd4e-5", tensorflow, 0.045, {}},
        {"lamb_seed_lr5e-3_wd.2",
         {.kind = Kind::lamb, .weight_decay = 0.2, .epsilon = 1e-6},
         5e-3,
         {}},
        {"sam_rho.05_sgd_lr.05_mom.9_wd1e-4", sgd, 0.05, {.rho = 0.05}},
        {"asam_rho.5_sgd_lr.05_mom.9_wd1e-4", sgd, 0.05, {.rho = 0.5, .adaptive = true}},
    };
}

void backward(Weights& net, FlatParameters& flat) {
    flat.zero_gradients();
    objective(net.w).backward();
}

TEST(Trajectories, AreThoseOfPyTorch) {
    for (const auto& [name, spec, learning_rate, sharpness] : trajectories()) {
        Weights net;
        FlatParameters flat(net);
        const auto rule = make_optimizer(flat, spec);
        Sharpness around(flat, sharpness);
        std::int64_t number = 0;
        for (const auto& expected : golden().at("trajectories").at(name)) {
            backward(net, flat);
            if (sharpness.rho > 0) {
                around.climb();
                backward(net, flat);
                around.descend();
            }
            rule->update(
                {.learning_rate = learning_rate, .momentum = spec.momentum, .number = ++number}
            );
            const double error = (net.w - row(expected)).abs().max().item<double>();
            EXPECT_LE(error, 1e-12) << name << " after step " << number;
        }
        EXPECT_EQ(number, 5) << name;
    }
}

TEST(Decaying, OfMatricesLeavesBiasesAlone) {
    for (const Kind kind : {Kind::sgd, Kind::adamw, Kind::lamb}) {
        torch::nn::Linear net(3, 2);
        FlatParameters flat(*net);
        for (auto& bucket : flat.buckets()) bucket.weights.fill_(1);
        const auto rule = make_optimizer(
            flat, {.kind = kind, .weight_decay = 0.5, .decay_scope = DecayScope::matrices}
        );
        rule->update({.learning_rate = 0.1});  // no gradient: decay alone
        EXPECT_TRUE(torch::equal(net->bias, torch::ones({2})));
        EXPECT_LT(net->weight.max().item<double>(), 0.96);
    }
}

TEST(Clipping, IsTorchs) {
    for (const double max_norm : {0.1, 1e6}) {
        torch::manual_seed(1);
        torch::nn::Linear theirs(5, 4);
        torch::manual_seed(1);
        torch::nn::Linear ours(5, 4);
        FlatParameters flat(*ours, 16);
        theirs->forward(torch::ones({2, 5})).square().sum().backward();
        flat.zero_gradients();
        ours->forward(torch::ones({2, 5})).square().sum().backward();
        torch::nn::utils::clip_grad_norm_(theirs->parameters(), max_norm);
        clip_gradients(flat, max_norm);
        EXPECT_TRUE(torch::allclose(theirs->weight.grad(), ours->weight.grad(), 1e-6, 1e-9));
        EXPECT_TRUE(torch::allclose(theirs->bias.grad(), ours->bias.grad(), 1e-6, 1e-9));
    }
}

}  // namespace
}  // namespace bw::trainer
