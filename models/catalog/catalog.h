// Every network that Batchwright can build, without LibTorch: names, aliases, input limits, counts.
// The parser and the command line use it; a test holds it equal to what models/arch constructs.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace bw::models {

struct ModelInfo {
    std::string_view name;                           // canonical: "resnet18"
    std::span<const std::string_view> aliases = {};  // the seed's names: "resnet"
    std::int64_t parameters = 0;                     // ten classes, at (channels, resolution)
    std::int64_t macs = 0;                           // multiply-adds of one sample, likewise
    int channels = 3;                                // native input
    int resolution = 224;
    int resolution_min = 1;       // smaller inputs are refused
    int resolution_multiple = 1;  // a patch size, say
    bool fixed_resolution =
        false;  // only the native one (none of ours yet unless the paper's FC demands it)
    int channels_fixed = 0;  // 0: any
    int batch_norm_layers = 0;
};

/// In alphabetical order.
std::span<const ModelInfo> catalog();

/// By canonical name or alias; nullptr when there is none.
const ModelInfo* find_model(std::string_view name);

/// Why the network cannot take this input, with the limit; nothing when it can.
std::optional<std::string> input_problem(const ModelInfo& model, int channels, int resolution);

}  // namespace bw::models
