// The networks of residual blocks of ResNet's shape: ResNet, ResNeXt, and both with squeeze and
// excitation.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "models/arch/architectures.h"
#include "models/arch/layers.h"

namespace bw::models {

enum class ResidualKind { basic, bottleneck };

enum class ResidualStem {
    imagenet,            // 7x7 stride 2, pool 3 stride 2 with padding
    imagenet_ceil_pool,  // the same pool without padding, rounded up (Caffe)
    conv3x3,             // for small images: stride 1, no pool
    conv1x1,
};

enum class Shortcut { normalised, plain };
enum class GateInput { normalised, activated };  // whether a ReLU stands before the gate of a block
enum class StrideAt { conv1, conv2 };            // of a bottleneck

enum class Excitation {
    none,
    linear,            // in each block, without biases
    conv,              // in each block, with biases
    stages,            // after the stem and after each stage
    stages_last_idle,  // as the seed: the last is constructed and never used
};

struct ResidualSize {
    const char* name;
    ResidualKind kind;
    std::vector<int> blocks;  // of each stage; width and output double from stage to stage
    std::int64_t width = 64;  // of the first stage's 3x3 convolutions
    std::int64_t out = 64;    // of the first stage
    std::int64_t groups = 1;
    ResidualStem stem = ResidualStem::imagenet;
    Excitation excitation = Excitation::none;
    Bias conv_bias = Bias::no;
    Shortcut shortcut = Shortcut::normalised;
    StrideAt stride_at = StrideAt::conv2;
    GateInput gate_input = GateInput::normalised;
    CountedRelu stem_relu = CountedRelu::yes;
};

std::shared_ptr<Network> construct_residual(
    const ResidualSize& size, const NetworkRequest& request
);

}  // namespace bw::models
