// Vision Transformer: An Image is Worth 16x16 Words (Dosovitskiy et al., 2020).
#include <cmath>
#include <string>
#include <string_view>
#include <utility>

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include "models/arch/architectures.h"
#include "models/arch/init.h"
#include "models/arch/patches.h"

namespace bw::models {

namespace {

/// Whose names and order of registration: timm's (and ours), or torchvision's.
enum class VitNames { timm, torchvision };

struct VitSize {
    const char* name;
    std::int64_t patch, width;
    int depth;
    std::int64_t heads, hidden;
    Bias qkv_bias = Bias::yes;
    double eps = 1e-6;
    double dropout = 0.0;
    VitNames names = VitNames::timm;
};

constexpr auto kTorchvisionNames = VitNames::torchvision;

constexpr VitSize kVitSizes[] = {
    {"vit", 32, 1024, 6, 16, 2048, Bias::no, 1e-5, 0.1},  // the seed's own size
    {"vit_qkvbias", 32, 1024, 6, 16, 2048, Bias::yes, 1e-5, 0.1},
    {"vit_b16", 16, 768, 12, 12, 3072, Bias::yes, 1e-5},
    {"vit_b_16", 16, 768, 12, 12, 3072, Bias::yes, 1e-6, 0.0, kTorchvisionNames},
    {"vit_b_32", 32, 768, 12, 12, 3072, Bias::yes, 1e-6, 0.0, kTorchvisionNames},
    {"vit_l_16", 16, 1024, 24, 16, 4096, Bias::yes, 1e-6, 0.0, kTorchvisionNames},
    {"vit_l_32", 32, 1024, 24, 16, 4096, Bias::yes, 1e-6, 0.0, kTorchvisionNames},
    {"vit_h_14", 14, 1280, 32, 16, 5120, Bias::yes, 1e-6, 0.0, kTorchvisionNames},
    {"vit_tiny_patch16_224", 16, 192, 12, 3, 768},
    {"vit_small_patch16_224", 16, 384, 12, 6, 1536},
    {"vit_small_patch32_224", 32, 384, 12, 6, 1536},
    {"vit_base_patch16_224", 16, 768, 12, 12, 3072},
    {"vit_base_patch32_224", 32, 768, 12, 12, 3072},
    {"vit_large_patch16_224", 16, 1024, 24, 16, 4096},
    {"vit_mini", 8, 256, 6, 8, 1024},  // ours, for images of about 64 pixels
};

/// softmax(q k^T / sqrt(d)) v, for all heads. q, k, v: [n, heads, tokens, d]. Its cost is that of
/// the two products.
class AttentionProducts final : public Layer {
public:
    explicit AttentionProducts(std::int64_t heads) : heads_(heads) {}

    /// x: [n, tokens, 3 * width] -> [n, tokens, width].
    torch::Tensor forward(torch::Tensor x) override {
        const auto n = x.size(0);
        const auto tokens = x.size(1);
        const auto d = x.size(2) / (3 * heads_);
        if (is_shape_only(x)) return at::empty({n, tokens, heads_ * d}, x.options());
        const auto qkv = x.view({n, tokens, 3, heads_, d}).permute({2, 0, 3, 1, 4});
        const auto mixed = at::scaled_dot_product_attention(qkv[0], qkv[1], qkv[2]);
        return mixed.transpose(1, 2).reshape({n, tokens, heads_ * d});
    }

    LayerCost cost(const torch::Tensor& x, const torch::Tensor& y) const override {
        return {.macs = 2 * x.size(1) * y.numel(), .seed_flops = 0};
    }

private:
    std::int64_t heads_;
};

class Attention final : public Layer {
public:
    explicit Attention(const VitSize& size)
        : qkv_(add("qkv", linear(size.width, 3 * size.width, size.qkv_bias))),
          products_(std::make_shared<AttentionProducts>(size.heads)),
          proj_(add("proj", linear(size.width, size.width))),
          dropout_(add("dropout", dropout(size.dropout))) {}

    torch::Tensor forward(torch::Tensor x) override {
        return dropout_(proj_(products_(qkv_(std::move(x)))));
    }

private:
    Part qkv_, products_, proj_, dropout_;
};

/// x += attention(LN x); x += MLP(LN x).
class TransformerBlock final : public Layer {
public:
    explicit TransformerBlock(const VitSize& size)
        : norm1_(add("norm1", layer_norm(size.width, size.eps))),
          attention_(add("attn", std::make_shared<Attention>(size))),
          norm2_(add("norm2", layer_norm(size.width, size.eps))),
          mlp_(add("mlp", mlp(size.width, size.hidden, size.dropout))) {}

    torch::Tensor forward(torch::Tensor x) override {
        x = x + attention_(norm1_(x));
        return x + mlp_(norm2_(x));
    }

private:
    Part norm1_, attention_, norm2_, mlp_;
};

/// "encoder.layers.encoder_layer_3.mlp.0.weight" of "blocks.3.mlp.fc1.weight".
std::string torchvision_name(std::string name) {
    constexpr std::pair<std::string_view, std::string_view> kParts[] = {
        {"cls_token", "class_token"},
        {"patch_embed.proj", "conv_proj"},
        {"attn.qkv.", "self_attention.in_proj_"},
        {"attn.proj", "self_attention.out_proj"},
        {"mlp.fc1", "mlp.0"},
        {"mlp.fc2", "mlp.3"},
        {"norm1", "ln_1"},
        {"norm2", "ln_2"},
        {"norm.", "encoder.ln."},
        {"head.", "heads.head."},
        {"blocks.", "encoder.layers.encoder_layer_"},
    };
    for (const auto& [ours, theirs] : kParts) {
        if (const auto at = name.find(ours); at != std::string::npos)
            name.replace(at, ours.size(), theirs);
    }
    return name;
}

class VisionTransformer final : public Network {
public:
    VisionTransformer(const VitSize& size, const NetworkRequest& request) : names_(size.names) {
        const auto tokens = token_count(request.input, size.patch) + 1;
        const std::vector<std::int64_t> position_shape = {1, tokens, size.width};
        cls_token_ = parameter("cls_token", {1, 1, size.width});
        if (size.names == VitNames::timm) {
            pos_embed_ = parameter("pos_embed", position_shape);
        }
        patch_ =
            add("patch_embed", patch_embedding(request.input.channels, size.width, size.patch));
        // torchvision's encoder, a module after the patches, owns the positions.
        if (size.names == VitNames::torchvision) {
            auto encoder = std::make_shared<PositionHolder>(position_shape);
            pos_embed_ = encoder->pos_embedding;
            register_module("encoder", encoder);
        }
        dropout_ = add("pos_drop", dropout(size.dropout));
        auto blocks = std::make_shared<Chain>();
        for (int i = 0; i < size.depth; ++i)
            blocks->append(std::make_shared<TransformerBlock>(size));
        blocks_ = add("blocks", blocks);
        norm_ = add("norm", layer_norm(size.width, size.eps));
        head_ = add("head", linear(size.width, request.classes));
    }

    torch::Tensor forward(torch::Tensor x) override {
        x = patch_(std::move(x));  // [n, patches, width]
        x = at::cat({cls_token_.expand({x.size(0), -1, -1}), x}, 1);
        x = blocks_(dropout_(x + pos_embed_));
        return head_(norm_(x.select(1, 0)));  // only the class token is read
    }

    std::string library_name(const std::string& name) const override {
        return names_ == VitNames::torchvision ? torchvision_name(name) : name;
    }

    void initialise_embeddings() {
        const torch::NoGradGuard no_grad;
        cls_token_.zero_();
        pos_embed_.normal_(0.0, 0.02);
        auto& head = dynamic_cast<Linear&>(*head_.layer());
        head.weight.zero_();
    }

private:
    struct PositionHolder final : torch::nn::Module {
        explicit PositionHolder(const std::vector<std::int64_t>& shape) {
            pos_embedding =
                register_parameter("pos_embedding", torch::empty(shape, ParametersOn::device()));
        }

        torch::Tensor pos_embedding;
    };

    VitNames names_;
    torch::Tensor cls_token_, pos_embed_;
    Part patch_, dropout_, blocks_, norm_, head_;
};

void initialise_vit(Network& network) {
    initialise(
        network, {{Distribution::truncated_normal, 0.02}, {Distribution::truncated_normal, 0.02}}
    );
    dynamic_cast<VisionTransformer&>(network).initialise_embeddings();
}

}  // namespace

void list_vits(Architectures& all) {
    for (const auto& size : kVitSizes) {
        all.push_back({
            size.name,
            [size](const NetworkRequest& request) {
                return std::make_shared<VisionTransformer>(size, request);
            },
            initialise_vit,
        });
    }
}

}  // namespace bw::models
