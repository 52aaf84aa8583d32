// The rows of the catalog. Counts are of ten classes at the row's channels and resolution;
// multiply-adds are those of convolutions, linear layers and attention products, without biases.
#pragma once

#include <span>

#include "models/catalog/catalog.h"

namespace bw::models {

/// Sorted by name.
std::span<const ModelInfo> model_table();

}  // namespace bw::models
