// Grouped BatchNorm as one differentiable function: every group of samples is normalised by its own
// mean and variance.
#pragma once

#include <cstdint>
#include <span>

#include <torch/types.h>

namespace bw::models {

/// `operators`: by LibTorch's own operators, as on every device but the CPU. `automatic` takes them
/// there, and the CPU's kernels here.
enum class GhostWay { automatic, operators };

/// x: [n, channels, ...] float or double; weight and bias: [channels], of the same type;
/// group_sizes in sample order with the sum n. Adds the groups' sums to `collected` (float64, the
/// layout of BatchNormImpl::collected), unless it is undefined. Twice differentiable it is not. The
/// sequence of allocations does not depend on the number of groups.
torch::Tensor ghost_norm(
    const torch::Tensor& x,
    const torch::Tensor& weight,
    const torch::Tensor& bias,
    std::span<const std::int64_t> group_sizes,
    double eps,
    const torch::Tensor& collected,
    GhostWay way = GhostWay::automatic
);

}  // namespace bw::models
