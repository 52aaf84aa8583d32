#include "models/arch/small_conv.h"

#include <algorithm>
#include <vector>

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

namespace bw::models {
namespace {

using torch::Tensor;

constexpr std::int64_t kPositionsMax = 4;  // measured: 2x2 gains 1.5 to 8 times, 4x4 nothing
constexpr std::array<std::int64_t, 2> kNoDilation = {1, 1};
constexpr std::array<std::int64_t, 2> kNoOutputPadding = {0, 0};

std::int64_t outputs(
    std::int64_t side, std::int64_t kernel, std::int64_t stride, std::int64_t pad
) {
    return (side + 2 * pad - kernel) / stride + 1;
}

/// The kernel's tap that output `out` applies to input `in`, or -1.
std::int64_t tap_of(
    std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride, std::int64_t pad
) {
    const std::int64_t tap = in + pad - out * stride;
    return tap < kernel ? std::max<std::int64_t>(tap, -1) : -1;
}

/// x [n, in, h, w], gradient [n, out, h', w'] -> [out, in, kh, kw].
Tensor weight_gradient(
    const Tensor& x, const Tensor& gradient, const Tensor& weight, const ConvGeometry& geometry
) {
    const auto inputs = x.permute({2, 3, 0, 1}).contiguous();
    const auto outputs = gradient.permute({2, 3, 1, 0}).contiguous();
    const auto kh = weight.size(2), kw = weight.size(3);
    auto taps = at::zeros({kh, kw, weight.size(0), weight.size(1)}, weight.options());
    const auto add_product = [&](std::int64_t ih, std::int64_t iw, std::int64_t oh, std::int64_t ow
                             ) {
        const auto i = tap_of(ih, oh, kh, geometry.stride[0], geometry.padding[0]);
        const auto j = tap_of(iw, ow, kw, geometry.stride[1], geometry.padding[1]);
        if (i < 0 || j < 0) return;
        auto tap = taps.select(0, i).select(0, j);
        tap.addmm_(outputs.select(0, oh).select(0, ow), inputs.select(0, ih).select(0, iw));
    };
    for (std::int64_t oh = 0; oh < outputs.size(0); ++oh)
        for (std::int64_t ow = 0; ow < outputs.size(1); ++ow)
            for (std::int64_t position = 0; position < x.size(2) * x.size(3); ++position)
                add_product(position / x.size(3), position % x.size(3), oh, ow);
    return taps.permute({2, 3, 0, 1}).contiguous();
}

class SmallConv : public torch::autograd::Function<SmallConv> {
public:
    static Tensor forward(
        torch::autograd::AutogradContext* context,
        const Tensor& x,
        const Tensor& weight,
        const ConvGeometry& geometry
    ) {
        context->save_for_backward({x, weight});
        context->saved_data["stride"] = std::vector(geometry.stride.begin(), geometry.stride.end());
        context->saved_data["padding"] =
            std::vector(geometry.padding.begin(), geometry.padding.end());
        const at::AutoDispatchBelowAutograd no_graph;
        return at::conv2d(x, weight, {}, geometry.stride, geometry.padding);
    }

    static torch::autograd::tensor_list backward(
        torch::autograd::AutogradContext* context, torch::autograd::tensor_list gradients
    ) {
        const auto saved = context->get_saved_variables();
        const Tensor &x = saved[0], &weight = saved[1];
        const auto stride = context->saved_data["stride"].toIntVector();
        const auto padding = context->saved_data["padding"].toIntVector();
        const ConvGeometry geometry{{stride[0], stride[1]}, {padding[0], padding[1]}};
        Tensor dx, dweight;
        if (context->needs_input_grad(0)) {
            dx = std::get<0>(at::convolution_backward(
                gradients[0],
                x,
                weight,
                at::OptionalIntArrayRef(),
                stride,
                padding,
                kNoDilation,
                false,
                kNoOutputPadding,
                1,
                {true, false, false}
            ));
        }
        if (context->needs_input_grad(1))
            dweight = weight_gradient(x, gradients[0], weight, geometry);
        return {dx, dweight, Tensor()};
    }
};

}  // namespace

bool is_small_conv(const Tensor& x, const Tensor& weight, const ConvGeometry& geometry) {
    if (!x.is_cpu() || !at::GradMode::is_enabled() || x.size(1) != weight.size(1)) return false;
    const auto h = outputs(x.size(2), weight.size(2), geometry.stride[0], geometry.padding[0]);
    const auto w = outputs(x.size(3), weight.size(3), geometry.stride[1], geometry.padding[1]);
    return h > 0 && w > 0 && h * w <= kPositionsMax;
}

Tensor small_conv(const Tensor& x, const Tensor& weight, const ConvGeometry& geometry) {
    return SmallConv::apply(x, weight, geometry);
}

}  // namespace bw::models
