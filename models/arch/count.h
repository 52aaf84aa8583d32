// Parameters and operations of a network, counted from the constructed modules and one forward on
// LibTorch's "meta" device: shapes only, no values, no memory.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "models/arch/build.h"

namespace bw::models {

struct NetworkCounts {
    std::int64_t parameters = 0;
    std::int64_t macs =
        0;  // multiply-adds of one sample: convolutions, linear layers, attention products
    std::int64_t flops_seed = 0;  // the seed's convention (models/arch/layer.h)
    int batch_norm_layers = 0;
    std::int64_t batch_norm_values = 0;  // running means and variances
    int parameter_tensors = 0;
};

/// Builds without initialising. Errors: as build_network's.
Result<NetworkCounts> count_network(std::string_view name, int classes, InputShape input);

/// Of a network that was constructed under ParametersOn(torch::kMeta).
NetworkCounts count_calls(Network& network, InputShape input);

}  // namespace bw::models
