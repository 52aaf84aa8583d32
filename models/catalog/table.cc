#include "models/catalog/table.h"

#include <array>

namespace bw::models {
namespace {

constexpr std::array kModels = {
    // Two pools of two need four pixels; the adaptive pool before the classifier takes any size
    // from there.
    ModelInfo{
        .name = "cnn",
        .parameters = 29'034,
        .macs = 2'838'080,
        .channels = 1,
        .resolution = 28,
        .resolution_min = 4,
        .batch_norm_layers = 2,
    },
    // Its first linear layer holds 256 = 16 channels of 4x4, which only 28 pixels give.
    ModelInfo{
        .name = "lenet_bn",
        .parameters = 44'642,
        .macs = 281'640,
        .channels = 1,
        .resolution = 28,
        .resolution_min = 28,
        .fixed_resolution = true,
        .channels_fixed = 1,
        .batch_norm_layers = 4,
    },
    ModelInfo{
        .name = "mlpmixer",
        .parameters = 13'631'802,
        .macs = 2'851'607'552,
        .resolution_min = 16,
        .resolution_multiple = 16,
    },
};

}  // namespace

std::span<const ModelInfo> model_table() { return kModels; }

}  // namespace bw::models
