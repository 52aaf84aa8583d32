// MLP-Mixer: An all-MLP Architecture for Vision (Tolstikhin et al., 2021).
#include "models/arch/architectures.h"
#include "models/arch/init.h"
#include "models/arch/patches.h"
#include "models/arch/stack.h"

namespace bw::models {

namespace {

struct MixerSize {
    const char* name;
    std::int64_t patch;
    std::int64_t width;
    std::int64_t depth;
    std::int64_t token_hidden;
    std::int64_t channel_hidden;
    double eps;  // of the layer norms
};

constexpr MixerSize kMixerSizes[] = {
    {"mlpmixer", 16, 512, 12, 128, 1024, 1e-5},  // the seed's own size
    {"mixer_s16", 16, 512, 8, 256, 2048, 1e-5},  // of the paper
    {"mixer_b16", 16, 768, 12, 384, 3072, 1e-5},
    {"mixer_s32_224", 32, 512, 8, 256, 2048, 1e-6},
    {"mixer_s16_224", 16, 512, 8, 256, 2048, 1e-6},
    {"mixer_b32_224", 32, 768, 12, 384, 3072, 1e-6},
    {"mixer_b16_224", 16, 768, 12, 384, 3072, 1e-6},
    {"mixer_l32_224", 32, 1024, 24, 512, 4096, 1e-6},
    {"mixer_l16_224", 16, 1024, 24, 512, 4096, 1e-6},
    {"mixer_mini", 8, 256, 6, 128, 1024, 1e-6},  // ours, for images of about 64 pixels
};

/// Mixes tokens, then channels. x: [n, tokens, width].
class MixerBlock final : public Layer {
public:
    MixerBlock(const MixerSize& size, std::int64_t tokens)
        : norm1_(add("norm1", layer_norm(size.width, size.eps))),
          mlp_tokens_(add("mlp_tokens", mlp(tokens, size.token_hidden))),
          norm2_(add("norm2", layer_norm(size.width, size.eps))),
          mlp_channels_(add("mlp_channels", mlp(size.width, size.channel_hidden))) {}

    torch::Tensor forward(torch::Tensor x) override {
        x = x + mlp_tokens_(norm1_(x).transpose(1, 2)).transpose(1, 2);
        return x + mlp_channels_(norm2_(x));
    }

private:
    Part norm1_, mlp_tokens_, norm2_, mlp_channels_;
};

std::shared_ptr<Network> construct_mixer(const MixerSize& size, const NetworkRequest& request) {
    auto net = std::make_shared<Stack>();
    net->then("stem", patch_embedding(request.input.channels, size.width, size.patch));
    auto blocks = std::make_shared<Chain>();
    const std::int64_t tokens = token_count(request.input, size.patch);
    for (std::int64_t i = 0; i < size.depth; ++i)
        blocks->append(std::make_shared<MixerBlock>(size, tokens));
    net->then("blocks", blocks);
    net->then("norm", layer_norm(size.width, size.eps));
    net->then("pool", mean_over_tokens());
    net->then("head", linear(size.width, request.classes));
    return net;
}

}  // namespace

void list_mixers(Architectures& all) {
    for (const auto& size : kMixerSizes) {
        all.push_back({
            size.name,
            [size](const NetworkRequest& request) { return construct_mixer(size, request); },
            [](Network& network) { initialise(network, NetworkInit{}); },
        });
    }
}

}  // namespace bw::models
