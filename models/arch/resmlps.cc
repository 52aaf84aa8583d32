// ResMLP: Feedforward networks for image classification with data-efficient training (Touvron et
// al., 2021).
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include "models/arch/architectures.h"
#include "models/arch/init.h"
#include "models/arch/patches.h"
#include "models/arch/stack.h"

namespace bw::models {

namespace {

struct ResMlpSize {
    const char* name;
    std::int64_t patch, width;
    int depth;
    double layer_scale;  // at the start; the paper's depends on the depth
};

constexpr ResMlpSize kResMlpSizes[] = {
    {"resmlp", 16, 384, 12, 0.1},
    {"resmlp_12_224", 16, 384, 12, 0.1},
    {"resmlp_24_224", 16, 384, 24, 1e-5},
    {"resmlp_36_224", 16, 384, 36, 1e-6},
};

/// alpha * x + beta, the paper's stand-in for a normalisation.
class Affine final : public Layer {
public:
    explicit Affine(std::int64_t width)
        : alpha(parameter("alpha", {1, 1, width})), beta(parameter("beta", {1, 1, width})) {}

    torch::Tensor forward(torch::Tensor x) override { return at::addcmul(beta, alpha, x); }

    torch::Tensor alpha, beta;
};

/// x += ls1 * (tokens mixed); x += ls2 * MLP(x). The affine output never replaces x.
class ResMlpBlock final : public Layer {
public:
    ResMlpBlock(const ResMlpSize& size, std::int64_t tokens)
        : ls1(parameter("ls1", {size.width})),
          ls2(parameter("ls2", {size.width})),
          norm1_(add("norm1", std::make_shared<Affine>(size.width))),
          linear_tokens_(add("linear_tokens", linear(tokens, tokens))),
          norm2_(add("norm2", std::make_shared<Affine>(size.width))),
          mlp_channels_(add("mlp_channels", mlp(size.width, 4 * size.width))) {}

    torch::Tensor forward(torch::Tensor x) override {
        x = x + ls1 * linear_tokens_(norm1_(x).transpose(1, 2)).transpose(1, 2);
        return x + ls2 * mlp_channels_(norm2_(x));
    }

    torch::Tensor ls1, ls2;

private:
    Part norm1_, linear_tokens_, norm2_, mlp_channels_;
};

std::shared_ptr<Network> construct_resmlp(const ResMlpSize& size, const NetworkRequest& request) {
    auto net = std::make_shared<Stack>();
    const auto tokens = token_count(request.input, size.patch);
    auto blocks = std::make_shared<Chain>();
    for (int i = 0; i < size.depth; ++i)
        blocks->append(std::make_shared<ResMlpBlock>(size, tokens));
    net->then("stem", patch_embedding(request.input.channels, size.width, size.patch));
    net->then("blocks", blocks).then("norm", std::make_shared<Affine>(size.width));
    net->then("pool", mean_over_tokens()).then("head", linear(size.width, request.classes));
    return net;
}

void initialise_resmlp(Network& network, double layer_scale) {
    initialise(network, {});
    const torch::NoGradGuard no_grad;
    for (const auto& module : network.modules()) {
        if (auto* affine = dynamic_cast<Affine*>(module.get())) {
            affine->alpha.fill_(1.0);
            affine->beta.zero_();
        }
        if (auto* block = dynamic_cast<ResMlpBlock*>(module.get())) {
            block->ls1.fill_(layer_scale);
            block->ls2.fill_(layer_scale);
        }
    }
}

}  // namespace

void list_resmlps(Architectures& all) {
    for (const auto& size : kResMlpSizes) {
        all.push_back({
            size.name,
            [size](const NetworkRequest& request) { return construct_resmlp(size, request); },
            [size](Network& network) { initialise_resmlp(network, size.layer_scale); },
        });
    }
}

}  // namespace bw::models
