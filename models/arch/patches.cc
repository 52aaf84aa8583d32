#include "models/arch/patches.h"

namespace bw::models {

namespace {

class PatchEmbedding final : public Layer {
public:
    PatchEmbedding(std::int64_t channels, std::int64_t width, std::int64_t patch)
        : proj_(conv(channels, width, {.kernel = patch, .stride = patch, .bias = Bias::yes})) {
        register_module("proj", proj_.layer());
    }

    torch::Tensor forward(torch::Tensor x) override { return proj_(x).flatten(2).transpose(1, 2); }

private:
    Part proj_;
};

class Mlp final : public Layer {
public:
    Mlp(std::int64_t width, std::int64_t hidden)
        : fc1_(linear(width, hidden)),
          act_(activation(Activation::gelu)),
          fc2_(linear(hidden, width)) {
        register_module("fc1", fc1_.layer());
        register_module("fc2", fc2_.layer());
    }

    torch::Tensor forward(torch::Tensor x) override { return fc2_(act_(fc1_(x))); }

private:
    Part fc1_, act_, fc2_;
};

}  // namespace

Part patch_embedding(std::int64_t channels, std::int64_t width, std::int64_t patch) {
    return std::make_shared<PatchEmbedding>(channels, width, patch);
}

std::int64_t token_count(const InputShape& input, std::int64_t patch) {
    return (input.height / patch) * (input.width / patch);
}

Part mlp(std::int64_t width, std::int64_t hidden) { return std::make_shared<Mlp>(width, hidden); }

}  // namespace bw::models
