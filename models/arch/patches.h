// Images as sequences of patches: what the transformers and the MLP networks begin with.
#pragma once

#include <cstdint>

#include "models/arch/build.h"
#include "models/arch/layers.h"

namespace bw::models {

/// [n, channels, H, W] -> [n, (H / patch) * (W / patch), width]; the convolution is called "proj".
Part patch_embedding(std::int64_t channels, std::int64_t width, std::int64_t patch);

std::int64_t token_count(const InputShape& input, std::int64_t patch);

/// Linear, GELU, linear: "fc1", "fc2"; a dropout after each. Over the last dimension.
Part mlp(std::int64_t width, std::int64_t hidden, double drop = 0.0);

}  // namespace bw::models
