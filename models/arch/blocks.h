// Groups of layers that several papers share: convolution, BatchNorm, activation; parallel
// branches; residual sums.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/arch/layers.h"

namespace bw::models {

struct NormOptions {
    double eps = 1e-5;
    double momentum = 0.1;
};

/// Convolution, BatchNorm and (unless empty) an activation, as "0", "1", "2".
Part conv_norm(
    std::int64_t in,
    std::int64_t out,
    const ConvOptions& options,
    Part activation = {},
    const NormOptions& norm = {}
);

/// The same as "conv", "bn"; the activation has no name.
Part named_conv_norm(
    std::int64_t in,
    std::int64_t out,
    const ConvOptions& options,
    Part activation,
    const NormOptions& norm = {}
);

/// A ReLU that the seed's convention does not see.
Part uncounted_relu();

/// A step of a path; without a name it is not registered (it has no parameters).
struct Step {
    std::string name;
    Part part;
};

/// Paths side by side on one input, concatenated along the channels. Each is a list of steps.
Part parallel(std::vector<std::vector<Step>> paths);

/// The multiple of `divisor` nearest to `channels`, but not below 90 % of it.
std::int64_t round_channels(double channels, std::int64_t divisor = 8);

/// Mixes the channels of `groups` equal runs: channel (g, i) becomes (i, g).
torch::Tensor shuffle_channels(const torch::Tensor& x, std::int64_t groups);

}  // namespace bw::models
