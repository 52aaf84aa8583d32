// The small convolution against LibTorch's own.
#include "models/arch/small_conv.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "models/arch/layers.h"

namespace bw::models {
namespace {

struct Case {
    const char* name;
    std::int64_t h, w;
    ConvOptions options;
};

void PrintTo(const Case& item, std::ostream* out) { *out << item.name; }

class SmallConvTest : public testing::TestWithParam<Case> {};

TEST_P(SmallConvTest, EqualsLibTorchs) {
    const auto& [name, h, w, options] = GetParam();
    torch::manual_seed(7);
    Conv layer(6, 5, options);
    const torch::NoGradGuard no_grad;
    for (auto& parameter : layer.parameters()) {
        parameter.set_data(torch::randn_like(parameter, torch::kDouble));
    }
    const torch::AutoGradMode grad(true);
    const auto input = torch::randn({7, 6, h, w}, torch::kDouble);
    const auto slope = torch::randn_like(layer.forward(input));
    const auto run = [&](auto convolve) {
        auto x = input.clone().requires_grad_();
        layer.zero_grad();
        const auto y = convolve(x);
        y.backward(slope);
        return std::array{
            y.detach(), x.grad(), layer.weight.grad().clone(), layer.bias.grad().clone()};
    };
    const ConvGeometry geometry{
        {options.stride, options.stride}, {options.padding.h, options.padding.w}};
    ASSERT_TRUE(is_small_conv(input, layer.weight, geometry));
    const auto own = run([&](const torch::Tensor& x) { return layer.forward(x); });
    const auto reference = run([&](const torch::Tensor& x) {
        return at::conv2d(x, layer.weight, layer.bias, geometry.stride, geometry.padding);
    });
    for (std::size_t i = 0; i < own.size(); ++i)
        EXPECT_LT((own[i] - reference[i]).abs().max().item<double>(), 1e-12) << "of output " << i;
}

INSTANTIATE_TEST_SUITE_P(
    Shapes,
    SmallConvTest,
    testing::Values(
        Case{"1x1 under 3x3", 1, 1, {.kernel = 3, .padding = 1, .bias = Bias::yes}},
        Case{"2x2 under 3x3", 2, 2, {.kernel = 3, .padding = 1, .bias = Bias::yes}},
        Case{"4x4 at stride 2", 4, 4, {.kernel = 3, .stride = 2, .padding = 1, .bias = Bias::yes}},
        Case{"3x3 at stride 2", 3, 3, {.kernel = 3, .stride = 2, .padding = 1, .bias = Bias::yes}},
        Case{"1x1 kernel", 2, 1, {.kernel = 1, .bias = Bias::yes}},
        Case{"no padding", 5, 5, {.kernel = 5, .bias = Bias::yes}},
        Case{"uneven kernel", 1, 4, {.kernel = {1, 7}, .padding = {0, 3}, .bias = Bias::yes}},
        Case{"rows a stride skips", 4, 4, {.kernel = 1, .stride = 2, .bias = Bias::yes}}
    )
);

TEST(SmallConv, LeavesOtherImagesToLibTorch) {
    const auto weight = torch::zeros({5, 6, 3, 3});
    EXPECT_FALSE(is_small_conv(torch::zeros({2, 6, 4, 4}), weight, {{1, 1}, {1, 1}}));
    const torch::NoGradGuard no_grad;
    EXPECT_FALSE(is_small_conv(torch::zeros({2, 6, 1, 1}), weight, {{1, 1}, {1, 1}}));
}

}  // namespace
}  // namespace bw::models
