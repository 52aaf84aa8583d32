// A convolution with few output positions, on the CPU. oneDNN computes the weight gradient of such
// layers by a fallback that costs five to ten times their forward (512x512x3x3 at 1x1: 19 ms
// against 3 ms on one core); here it is one matrix product for every pair of an output position and
// a kernel tap that meets the image. Which form runs depends on the image's size alone, never on
// the number of samples, so neither results nor allocations depend on the micro-batch's kind of
// kernel.
#pragma once

#include <array>
#include <cstdint>

#include <torch/types.h>

namespace bw::models {

struct ConvGeometry {
    std::array<std::int64_t, 2> stride = {1, 1};
    std::array<std::int64_t, 2> padding = {0, 0};
};

/// Whether small_conv is the faster form for x [n, in, h, w] and weight [out, in, kh, kw]; without
/// groups.
bool is_small_conv(
    const torch::Tensor& x, const torch::Tensor& weight, const ConvGeometry& geometry
);

/// As at::conv2d without a bias: [n, out, h', w'], on the autograd graph.
torch::Tensor small_conv(
    const torch::Tensor& x, const torch::Tensor& weight, const ConvGeometry& geometry
);

}  // namespace bw::models
