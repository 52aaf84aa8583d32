// GoogLeNet: Going Deeper with Convolutions (Szegedy et al., 2014), without BatchNorm as in the
// paper, and torchvision's form with BatchNorm (and 3x3 where the paper has 5x5).
#include <ATen/ATen.h>

#include "models/arch/architectures.h"
#include "models/arch/blocks.h"

namespace bw::models {

namespace {

enum class GoogLeNetForm { paper, batch_norm };
enum class AuxiliaryHeads { no, yes };

struct GoogLeNetSize {
    const char* name;
    GoogLeNetForm form;
    AuxiliaryHeads heads = AuxiliaryHeads::no;
    bool counted_pools = true;  // whether the seed's convention sees the pools after the stem
};

constexpr GoogLeNetSize kGoogLeNetSizes[] = {
    {"googlenet", GoogLeNetForm::paper},
    {"googlenet_aux", GoogLeNetForm::paper, AuxiliaryHeads::yes, false},
    {"googlenet_bn", GoogLeNetForm::batch_norm},
    {"googlenet_bn_aux", GoogLeNetForm::batch_norm, AuxiliaryHeads::yes},
};

struct InceptionShape {
    const char* name;
    std::int64_t in;
    std::int64_t conv1, reduce3, conv3, reduce5, conv5, pool;

    std::int64_t out() const { return conv1 + conv3 + conv5 + pool; }
};

constexpr InceptionShape kInceptions[] = {
    {"inception3a", 192, 64, 96, 128, 16, 32, 32},
    {"inception3b", 256, 128, 128, 192, 32, 96, 64},
    {"inception4a", 480, 192, 96, 208, 16, 48, 64},
    {"inception4b", 512, 160, 112, 224, 24, 64, 64},
    {"inception4c", 512, 128, 128, 256, 24, 64, 64},
    {"inception4d", 512, 112, 144, 288, 32, 64, 64},
    {"inception4e", 528, 256, 160, 320, 32, 128, 128},
    {"inception5a", 832, 256, 160, 320, 32, 128, 128},
    {"inception5b", 832, 384, 192, 384, 48, 128, 128},
};

Part google_pool(std::int64_t stride, GoogLeNetForm form, bool counted) {
    if (form == GoogLeNetForm::batch_norm && stride == 2) {
        return max_pool({.kernel = 3, .stride = 2, .rounding = Rounding::ceil});
    }
    if (counted) return max_pool({.kernel = 3, .stride = stride, .padding = 1});
    if (stride == 1) {
        return function([](const torch::Tensor& x) {
            return at::max_pool2d(x, {3, 3}, {1, 1}, {1, 1});
        });
    }
    return function([](const torch::Tensor& x) {
        return at::max_pool2d(x, {3, 3}, {2, 2}, {1, 1});
    });
}

/// Convolution and ReLU, with a bias or with BatchNorm.
class GoogleConv final : public Layer {
public:
    GoogleConv(
        GoogLeNetForm form, std::int64_t in, std::int64_t out, ConvOptions options, Part activation
    )
        : activation_(std::move(activation)) {
        if (form == GoogLeNetForm::paper) options.bias = Bias::yes;
        conv_ = add("conv", conv(in, out, options));
        if (form == GoogLeNetForm::batch_norm) bn_ = add("bn", batch_norm(out, 1e-3));
    }

    torch::Tensor forward(torch::Tensor x) override {
        x = conv_(std::move(x));
        if (bn_) x = bn_(std::move(x));
        return activation_(std::move(x));
    }

private:
    Part conv_, bn_, activation_;
};

struct GoogleBlocks {
    GoogLeNetSize size;

    Part cr(
        std::int64_t in,
        std::int64_t out,
        const ConvOptions& options,
        Part activation = uncounted_relu()
    ) const {
        return std::make_shared<GoogleConv>(size.form, in, out, options, std::move(activation));
    }

    /// 1x1 | 1x1, 3x3 | 1x1, 5x5 | pool, 1x1
    Part inception(const InceptionShape& s) const {
        const bool wide = size.form == GoogLeNetForm::paper;
        const ConvOptions conv3{.kernel = 3, .padding = 1};
        const ConvOptions conv5 = wide ? ConvOptions{.kernel = 5, .padding = 2} : conv3;
        const auto pool = google_pool(1, size.form, size.counted_pools);
        return parallel({
            {{"branch1", cr(s.in, s.conv1, {})}},
            {{"branch2", chain({cr(s.in, s.reduce3, {}), cr(s.reduce3, s.conv3, conv3)})}},
            {{"branch3", chain({cr(s.in, s.reduce5, {}), cr(s.reduce5, s.conv5, conv5)})}},
            {{"branch4", chain({pool, cr(s.in, s.pool, {})})}},
        });
    }
};

/// 4 x 4 means: the paper's pool of 5 with stride 3, which gives 4 from the 14 of a 224-pixel
/// image; the adaptive pool changes nothing there and serves other images.
torch::Tensor auxiliary_grid(const torch::Tensor& x) {
    const bool fits = x.size(2) >= 5 && x.size(3) >= 5;
    return at::adaptive_avg_pool2d(fits ? at::avg_pool2d(x, {5, 5}, {3, 3}) : x, {4, 4});
}

/// The paper's extra classifier: 4 x 4 means, 1x1 to 128, 1024 hidden.
class GoogleAuxiliary final : public Layer {
public:
    GoogleAuxiliary(const GoogleBlocks& blocks, std::int64_t in, int classes)
        : conv_(add("conv", blocks.cr(in, 128, {}))),
          fc1_(add("fc1", linear(2048, 1024))),
          dropout_(add("dropout", dropout(0.7))),
          fc2_(add("fc2", linear(1024, classes))) {}

    torch::Tensor forward(torch::Tensor x) override {
        x = conv_(auxiliary_grid(x)).flatten(1);
        return fc2_(dropout_(relu_in_place(fc1_(x))));
    }

private:
    Part conv_, fc1_, dropout_, fc2_;
};

constexpr double kAuxiliaryWeight = 0.3;

class GoogLeNet final : public Network {
public:
    GoogLeNet(const GoogLeNetSize& size, const NetworkRequest& request) {
        const GoogleBlocks blocks{size};
        add_stem(blocks, request.input.channels);
        for (const auto& shape : kInceptions) {
            then(shape.name, blocks.inception(shape));
            const std::string_view name = shape.name;
            if (name == "inception3b")
                then("maxpool3", google_pool(2, size.form, size.counted_pools));
            if (name == "inception4e") then("maxpool4", last_pool(size));
            if (name == "inception4a" || name == "inception4d") tap_after_.push_back(parts_.size());
        }
        if (size.heads == AuxiliaryHeads::yes) {
            heads_ = {
                add("aux1", std::make_shared<GoogleAuxiliary>(blocks, 512, request.classes)),
                add("aux2", std::make_shared<GoogleAuxiliary>(blocks, 528, request.classes)),
            };
        }
        then("avgpool", adaptive_pool(1));
        then("flatten", flatten());
        then("dropout", dropout(size.form == GoogLeNetForm::paper ? 0.4 : 0.2));
        then("fc", linear(1024, request.classes));
    }

    torch::Tensor forward(torch::Tensor x) override {
        said_.clear();
        for (std::size_t i = 0; i < parts_.size(); ++i) {
            x = parts_[i](std::move(x));
            if (!heads_.empty() && is_training()) tap(i + 1, x);
        }
        return x;
    }

    std::vector<AuxiliaryLogits> take_auxiliaries() override { return std::exchange(said_, {}); }

private:
    static Part last_pool(const GoogLeNetSize& size) {
        if (size.form == GoogLeNetForm::paper) return google_pool(2, size.form, size.counted_pools);
        return max_pool({.rounding = Rounding::ceil});
    }

    // 64 at a quarter, then 192 at an eighth of the image's side
    void add_stem(const GoogleBlocks& blocks, std::int64_t channels) {
        const auto form = blocks.size.form;
        then(
            "conv1",
            blocks.cr(channels, 64, {.kernel = 7, .stride = 2, .padding = 3}, models::relu())
        );
        then("maxpool1", google_pool(2, form, true));
        then("conv2", blocks.cr(64, 64, {}, models::relu()));
        then("conv3", blocks.cr(64, 192, {.kernel = 3, .padding = 1}, models::relu()));
        then("maxpool2", google_pool(2, form, true));
    }

    void tap(std::size_t done, const torch::Tensor& x) {
        for (std::size_t head = 0; head < heads_.size(); ++head) {
            if (tap_after_[head] == done) said_.push_back({heads_[head](x), kAuxiliaryWeight});
        }
    }

    void then(const std::string& name, Part part) { parts_.push_back(add(name, std::move(part))); }

    std::vector<Part> parts_;
    std::vector<Part> heads_;
    std::vector<std::size_t> tap_after_;  // numbers of parts done
    std::vector<AuxiliaryLogits> said_;
};

}  // namespace

void list_googlenets(Architectures& all) {
    const NetworkInit paper{{Distribution::xavier_uniform}, {Distribution::xavier_uniform}};
    const NetworkInit torchvision{
        {Distribution::truncated_normal, 0.01}, {Distribution::truncated_normal, 0.01}};
    for (const auto& size : kGoogLeNetSizes) {
        all.push_back({
            size.name,
            [size](const NetworkRequest& request) {
                return std::make_shared<GoogLeNet>(size, request);
            },
            initialise_with(size.form == GoogLeNetForm::paper ? paper : torchvision),
        });
    }
}

}  // namespace bw::models
