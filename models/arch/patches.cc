#include "models/arch/patches.h"

namespace bw::models {

namespace {

class PatchEmbedding final : public Layer {
public:
    PatchEmbedding(std::int64_t channels, std::int64_t width, std::int64_t patch)
        : proj_(add(
              "proj", conv(channels, width, {.kernel = patch, .stride = patch, .bias = Bias::yes})
          )) {}

    torch::Tensor forward(torch::Tensor x) override { return proj_(x).flatten(2).transpose(1, 2); }

private:
    Part proj_;
};

class Mlp final : public Layer {
public:
    Mlp(std::int64_t width, std::int64_t hidden, double drop)
        : fc1_(add("fc1", linear(width, hidden))),
          act_(activation(Activation::gelu)),
          drop1_(add("drop1", dropout(drop))),
          fc2_(add("fc2", linear(hidden, width))),
          drop2_(add("drop2", dropout(drop))) {}

    torch::Tensor forward(torch::Tensor x) override {
        return drop2_(fc2_(drop1_(act_(fc1_(std::move(x))))));
    }

private:
    Part fc1_, act_, drop1_, fc2_, drop2_;
};

}  // namespace

Part patch_embedding(std::int64_t channels, std::int64_t width, std::int64_t patch) {
    return std::make_shared<PatchEmbedding>(channels, width, patch);
}

std::int64_t token_count(const InputShape& input, std::int64_t patch) {
    return (input.height / patch) * (input.width / patch);
}

Part mlp(std::int64_t width, std::int64_t hidden, double drop) {
    return std::make_shared<Mlp>(width, hidden, drop);
}

}  // namespace bw::models
