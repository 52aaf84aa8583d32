// Inception v3: Rethinking the Inception Architecture for Computer Vision (Szegedy et al., 2015),
// and the seed's form with a stem for small images.
#include <string>
#include <string_view>

#include <ATen/ATen.h>

#include "models/arch/architectures.h"
#include "models/arch/blocks.h"
#include "models/arch/init.h"

namespace bw::models {

namespace {

enum class InceptionForm { paper, seed };
enum class InceptionHead { no, yes };

struct InceptionSize {
    const char* name;
    InceptionForm form;
    InceptionHead head = InceptionHead::no;
};

constexpr InceptionSize kInceptionSizes[] = {
    {"inceptionv3", InceptionForm::paper},
    {"inceptionv3_aux", InceptionForm::paper, InceptionHead::yes},
    {"inceptionv3_seed", InceptionForm::seed},
};

constexpr double kInceptionAuxiliaryWeight = 0.4;

/// Convolution without bias, BN, ReLU. All modules below are lists of these.
struct InceptionBlocks {
    InceptionForm form;

    Part c(std::int64_t in, std::int64_t out, const ConvOptions& options = {}) const {
        if (form == InceptionForm::seed) return conv_norm(in, out, options, relu());
        return named_conv_norm(in, out, options, uncounted_relu(), {.eps = 1e-3});
    }

    static Part average() { return average_pool({.kernel = 3, .stride = 1, .padding = 1}); }

    Part a(std::int64_t in, std::int64_t pool) const;
    Part b(std::int64_t in) const;
    Part c7(std::int64_t in, std::int64_t width) const;
    Part d(std::int64_t in) const;
    Part e(std::int64_t in) const;
};

constexpr ConvOptions kConv3{.kernel = 3, .padding = 1};
constexpr ConvOptions kConv3Half{.kernel = 3, .stride = 2};
constexpr ConvOptions kConv1x7{.kernel = {1, 7}, .padding = {0, 3}};
constexpr ConvOptions kConv7x1{.kernel = {7, 1}, .padding = {3, 0}};
constexpr ConvOptions kConv1x3{.kernel = {1, 3}, .padding = {0, 1}};
constexpr ConvOptions kConv3x1{.kernel = {3, 1}, .padding = {1, 0}};

// 35 x 35: 1x1 64 | 1x1 48, 5x5 64 | 1x1 64, 3x3 96, 3x3 96 | pool, 1x1 (the seed: 3x3)
Part InceptionBlocks::a(std::int64_t in, std::int64_t pool) const {
    return parallel({
        {{"branch1x1", c(in, 64)}},
        {{"branch5x5_1", c(in, 48)}, {"branch5x5_2", c(48, 64, {.kernel = 5, .padding = 2})}},
        {{"branch3x3dbl_1", c(in, 64)},
         {"branch3x3dbl_2", c(64, 96, kConv3)},
         {"branch3x3dbl_3", c(96, 96, kConv3)}},
        {{"", average()},
         {"branch_pool", c(in, pool, form == InceptionForm::seed ? kConv3 : ConvOptions{})}},
    });
}

// 35 x 35 to 17 x 17: 3x3 384 | 1x1 64, 3x3 96, 3x3 96 | pool
Part InceptionBlocks::b(std::int64_t in) const {
    return parallel({
        {{"branch3x3", c(in, 384, kConv3Half)}},
        {{"branch3x3dbl_1", c(in, 64)},
         {"branch3x3dbl_2", c(64, 96, kConv3)},
         {"branch3x3dbl_3", c(96, 96, kConv3Half)}},
        {{"", max_pool({.kernel = 3, .stride = 2})}},
    });
}

// 17 x 17: 1x1 | 1x1, 1x7, 7x1 (the seed: 7x1, 1x7) | 1x1, 7x1, 1x7, 7x1, 1x7 | pool, 1x1; 192 each
Part InceptionBlocks::c7(std::int64_t in, std::int64_t width) const {
    const bool seed = form == InceptionForm::seed;
    return parallel({
        {{"branch1x1", c(in, 192)}},
        {{"branch7x7_1", c(in, width)},
         {"branch7x7_2", c(width, width, seed ? kConv7x1 : kConv1x7)},
         {"branch7x7_3", c(width, 192, seed ? kConv1x7 : kConv7x1)}},
        {{"branch7x7dbl_1", c(in, width)},
         {"branch7x7dbl_2", c(width, width, kConv7x1)},
         {"branch7x7dbl_3", c(width, width, kConv1x7)},
         {"branch7x7dbl_4", c(width, width, kConv7x1)},
         {"branch7x7dbl_5", c(width, 192, kConv1x7)}},
        {{"", average()}, {"branch_pool", c(in, 192)}},
    });
}

// 17 x 17 to 8 x 8: 1x1 192, 3x3 320 | 1x1, 1x7, 7x1, 3x3 192 | max pool (the seed: average)
Part InceptionBlocks::d(std::int64_t in) const {
    const PoolOptions halving{.kernel = 3, .stride = 2};
    return parallel({
        {{"branch3x3_1", c(in, 192)}, {"branch3x3_2", c(192, 320, kConv3Half)}},
        {{"branch7x7x3_1", c(in, 192)},
         {"branch7x7x3_2", c(192, 192, kConv1x7)},
         {"branch7x7x3_3", c(192, 192, kConv7x1)},
         {"branch7x7x3_4", c(192, 192, kConv3Half)}},
        {{"", form == InceptionForm::seed ? average_pool(halving) : max_pool(halving)}},
    });
}

/// 8 x 8: 1x1 320 | 1x1 384 to {1x3, 3x1} 384 | 1x1 448, 3x3 384 to {1x3, 3x1} 384 | pool, 1x1 192
class InceptionE final : public Layer {
public:
    InceptionE(const InceptionBlocks& blocks, std::int64_t in)
        : branch1x1_(add("branch1x1", blocks.c(in, 320))),
          branch3x3_1_(add("branch3x3_1", blocks.c(in, 384))),
          branch3x3_2a_(add("branch3x3_2a", blocks.c(384, 384, kConv1x3))),
          branch3x3_2b_(add("branch3x3_2b", blocks.c(384, 384, kConv3x1))),
          double_1_(add("branch3x3dbl_1", blocks.c(in, 448))),
          double_2_(add("branch3x3dbl_2", blocks.c(448, 384, kConv3))),
          double_3a_(add("branch3x3dbl_3a", blocks.c(384, 384, kConv1x3))),
          double_3b_(add("branch3x3dbl_3b", blocks.c(384, 384, kConv3x1))),
          pool_(InceptionBlocks::average()),
          branch_pool_(add("branch_pool", blocks.c(in, 192))) {}

    torch::Tensor forward(torch::Tensor x) override {
        const auto once = branch3x3_1_(x);
        const auto twice = double_2_(double_1_(x));
        return at::cat(
            {branch1x1_(x),
             branch3x3_2a_(once),
             branch3x3_2b_(once),
             double_3a_(twice),
             double_3b_(twice),
             branch_pool_(pool_(x))},
            1
        );
    }

private:
    Part branch1x1_, branch3x3_1_, branch3x3_2a_, branch3x3_2b_;
    Part double_1_, double_2_, double_3a_, double_3b_, pool_, branch_pool_;
};

Part InceptionBlocks::e(std::int64_t in) const { return std::make_shared<InceptionE>(*this, in); }

/// On the 17 x 17 grid: 5 x 5 means, 1x1 128, 5x5 768, the mean, linear. Needs 299 pixels.
class InceptionAuxiliary final : public Layer {
public:
    InceptionAuxiliary(const InceptionBlocks& blocks, int classes)
        : conv0_(add("conv0", blocks.c(768, 128))),
          conv1_(add("conv1", blocks.c(128, 768, {.kernel = 5}))),
          fc_(add("fc", linear(768, classes))) {}

    torch::Tensor forward(torch::Tensor x) override {
        x = conv1_(conv0_(at::avg_pool2d(x, {5, 5}, {3, 3})));
        return fc_(at::adaptive_avg_pool2d(x, {1, 1}).flatten(1));
    }

private:
    Part conv0_, conv1_, fc_;
};

class InceptionV3 final : public Network {
public:
    InceptionV3(const InceptionSize& size, const NetworkRequest& request) {
        const InceptionBlocks blocks{size.form};
        add_stem(blocks, request.input.channels);
        then("Mixed_5b", blocks.a(192, 32));
        then("Mixed_5c", blocks.a(256, 64));
        then("Mixed_5d", blocks.a(288, 64));
        then("Mixed_6a", blocks.b(288));
        then("Mixed_6b", blocks.c7(768, 128));
        then("Mixed_6c", blocks.c7(768, 160));
        then("Mixed_6d", blocks.c7(768, 160));
        then("Mixed_6e", blocks.c7(768, 192));
        tap_after_ = parts_.size();
        if (size.head == InceptionHead::yes) {
            head_ = add("AuxLogits", std::make_shared<InceptionAuxiliary>(blocks, request.classes));
        }
        then("Mixed_7a", blocks.d(768));
        then("Mixed_7b", blocks.e(1280));
        then("Mixed_7c", blocks.e(2048));
        then("avgpool", adaptive_pool(1));
        then("dropout", dropout(0.5));
        parts_.push_back(flatten());
        then("fc", linear(2048, request.classes));
    }

    torch::Tensor forward(torch::Tensor x) override {
        said_.clear();
        for (std::size_t i = 0; i < parts_.size(); ++i) {
            x = parts_[i](std::move(x));
            const bool tapped = head_ && i + 1 == tap_after_ && is_training();
            if (tapped) said_.push_back({head_(x), kInceptionAuxiliaryWeight});
        }
        return x;
    }

    std::vector<AuxiliaryLogits> take_auxiliaries() override { return std::exchange(said_, {}); }

private:
    // 299 to 35 x 35 in the paper; the seed keeps the image's size but for the last convolution
    void add_stem(const InceptionBlocks& blocks, std::int64_t channels) {
        const bool paper = blocks.form == InceptionForm::paper;
        const PoolOptions pool{.kernel = 3, .stride = 2};
        const ConvOptions valid{.kernel = 3};
        then("Conv2d_1a_3x3", blocks.c(channels, 32, paper ? kConv3Half : kConv3));
        then("Conv2d_2a_3x3", blocks.c(32, 32, paper ? valid : kConv3));
        then("Conv2d_2b_3x3", blocks.c(32, 64, kConv3));
        if (paper) then("maxpool1", max_pool(pool));
        then("Conv2d_3b_1x1", blocks.c(64, 80));
        then("Conv2d_4a_3x3", blocks.c(80, 192, valid));
        if (paper) then("maxpool2", max_pool(pool));
    }

    void then(const std::string& name, Part part) { parts_.push_back(add(name, std::move(part))); }

    std::vector<Part> parts_;
    Part head_;
    std::size_t tap_after_ = 0;
    std::vector<AuxiliaryLogits> said_;
};

void initialise_inception(Network& network) {
    initialise(
        network, {{Distribution::truncated_normal, 0.1}, {Distribution::truncated_normal, 0.1}}
    );
    for (const auto& item : network.named_modules()) {
        if (!item.key().starts_with("AuxLogits.")) continue;
        auto* conv_layer = dynamic_cast<Conv*>(item.value().get());
        const bool wide = conv_layer != nullptr && item.key() == "AuxLogits.conv1.conv";
        if (wide) fill_weight(conv_layer->weight, {Distribution::truncated_normal, 0.01});
        auto* linear_layer = dynamic_cast<Linear*>(item.value().get());
        if (linear_layer != nullptr)
            fill_weight(linear_layer->weight, {Distribution::truncated_normal, 0.001});
    }
}

}  // namespace

void list_inceptions(Architectures& all) {
    for (const auto& size : kInceptionSizes) {
        const bool seed = size.form == InceptionForm::seed;
        all.push_back({
            size.name,
            [size](const NetworkRequest& request) {
                return std::make_shared<InceptionV3>(size, request);
            },
            seed ? initialise_with({}) : initialise_inception,
        });
    }
}

}  // namespace bw::models
