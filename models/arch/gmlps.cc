// gMLP: Pay Attention to MLPs (Liu et al., 2021).
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include "models/arch/architectures.h"
#include "models/arch/init.h"
#include "models/arch/patches.h"
#include "models/arch/stack.h"

namespace bw::models {

namespace {

enum class LastNorm { no, yes };

struct GmlpSize {
    const char* name;
    std::int64_t patch, width;
    int depth;
    std::int64_t hidden;  // of the first linear layer; half of it gates the other half
    double eps;  // of the norms of the width; the gate's keeps the usual one, in timm too
    LastNorm last_norm;
};

constexpr GmlpSize kGmlpSizes[] = {
    {"gmlp", 16, 256, 6, 1024, 1e-5, LastNorm::no},  // the seed's own size
    {"gmlp_ti16_224", 16, 128, 30, 768, 1e-6, LastNorm::yes},
    {"gmlp_s16_224", 16, 256, 30, 1536, 1e-6, LastNorm::yes},
    {"gmlp_b16_224", 16, 512, 30, 3072, 1e-6, LastNorm::yes},
};

/// u, v = halves of x; u * (W LN(v) + b), W over tokens.
class SpatialGate final : public Layer {
public:
    SpatialGate(std::int64_t width, std::int64_t tokens)
        : norm_(add("norm", layer_norm(width))), proj_(add("proj", linear(tokens, tokens))) {}

    torch::Tensor forward(torch::Tensor x) override {
        const auto halves = x.chunk(2, -1);
        return halves[0] * proj_(norm_(halves[1]).transpose(1, 2)).transpose(1, 2);
    }

    /// The gate begins near 1: a block begins as an ordinary MLP.
    void initialise_gate() {
        auto& proj = dynamic_cast<Linear&>(*proj_.layer());
        proj.weight.normal_(0.0, 1e-6);
        proj.bias.fill_(1.0);
    }

private:
    Part norm_, proj_;
};

class GatedMlp final : public Layer {
public:
    GatedMlp(const GmlpSize& size, std::int64_t tokens)
        : fc1_(add("fc1", linear(size.width, size.hidden))),
          gelu_(activation(Activation::gelu)),
          gate_(add("gate", std::make_shared<SpatialGate>(size.hidden / 2, tokens))),
          fc2_(add("fc2", linear(size.hidden / 2, size.width))) {}

    torch::Tensor forward(torch::Tensor x) override {
        return fc2_(gate_(gelu_(fc1_(std::move(x)))));
    }

private:
    Part fc1_, gelu_, gate_, fc2_;
};

class GmlpBlock final : public Layer {
public:
    GmlpBlock(const GmlpSize& size, std::int64_t tokens)
        : norm_(add("norm", layer_norm(size.width, size.eps))),
          mlp_channels_(add("mlp_channels", std::make_shared<GatedMlp>(size, tokens))) {}

    torch::Tensor forward(torch::Tensor x) override { return x + mlp_channels_(norm_(x)); }

private:
    Part norm_, mlp_channels_;
};

std::shared_ptr<Network> construct_gmlp(const GmlpSize& size, const NetworkRequest& request) {
    auto net = std::make_shared<Stack>();
    const auto tokens = token_count(request.input, size.patch);
    auto blocks = std::make_shared<Chain>();
    for (int i = 0; i < size.depth; ++i) blocks->append(std::make_shared<GmlpBlock>(size, tokens));
    net->then("stem", patch_embedding(request.input.channels, size.width, size.patch))
        .then("blocks", blocks);
    if (size.last_norm == LastNorm::yes) net->then("norm", layer_norm(size.width, size.eps));
    net->then("pool", mean_over_tokens()).then("head", linear(size.width, request.classes));
    return net;
}

void initialise_gmlp(Network& network) {
    initialise(network, {});
    const torch::NoGradGuard no_grad;
    for (const auto& module : network.modules()) {
        if (auto* gate = dynamic_cast<SpatialGate*>(module.get())) gate->initialise_gate();
    }
}

}  // namespace

void list_gmlps(Architectures& all) {
    for (const auto& size : kGmlpSizes) {
        all.push_back({
            size.name,
            [size](const NetworkRequest& request) { return construct_gmlp(size, request); },
            initialise_gmlp,
        });
    }
}

}  // namespace bw::models
