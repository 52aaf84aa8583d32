// What concerns the gradients of all parameters together.
#pragma once

#include <torch/types.h>

#include "worker/trainer/flat_parameters.h"

namespace bw::trainer {

/// The 2-norm over all parameters, a scalar on their device.
torch::Tensor gradient_norm(const FlatParameters& parameters);

/// Scales the gradients so that their norm is at most `max_norm` (torch's clip_grad_norm_).
void clip_gradients(FlatParameters& parameters, double max_norm);

}  // namespace bw::trainer
