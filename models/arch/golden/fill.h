// The deterministic fill of the reference files: a network's parameters, its running statistics and
// its input from integer hashes, so that the same values can be made by any program.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include <torch/types.h>

#include "models/arch/build.h"

namespace bw::models {

enum class FillRole : std::uint32_t {
    input = 0,
    weight = 1,  // rank 2 and more once dimensions of size 1 are gone
    scale = 2,   // of a normalisation, a layer scale
    bias = 3,
    running_mean = 4,
    running_var = 5,
    embedding = 6,  // class token, positions
};

/// `ordinal` also depends on a tensor's place in registration order, so it notices swapped layers.
enum class FillKind { shape, ordinal };

std::uint32_t fill_mix(std::uint32_t x);

std::uint32_t fill_seed(
    FillRole role,
    std::span<const std::int64_t> shape,
    std::optional<std::uint32_t> ordinal = std::nullopt
);

/// In [-1, 1), exact in float.
double fill_value(std::uint32_t seed, std::uint32_t index);

/// Every parameter and floating buffer. gain2: the square of the gain of the weights. Values are
/// rounded to float.
void fill_network(Network& network, FillKind kind, double gain2);

/// [1, channels, height, width] float.
torch::Tensor golden_input(const InputShape& shape);

}  // namespace bw::models
