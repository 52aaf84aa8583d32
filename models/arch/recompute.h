// Activations that are not kept but computed again in backward (Chen et al., 2016: Training Deep
// Nets with Sublinear Memory Cost): the network is cut into segments of which only the inputs are
// kept. Values and gradients are the same, bit for bit; the price is about one more forward.
#pragma once

#include <span>

#include "models/arch/build.h"

namespace bw::models {

enum class Recompute { none, segments };

/// For every forward in training from now on. A segment is a block (of ResNet's, of a transformer),
/// or a run of layers up to a pool. Heads without convolutions are left as they are. Returns the
/// number of segments; 0: there is nothing to gain in this network.
int set_recompute(Network& network, Recompute recompute);

/// Whether this thread's forward is one that repeats another: running statistics were updated
/// then.
bool is_repeated_forward();

/// One segment's forward, as set_recompute() wants it.
torch::Tensor run_segment(std::span<const Part> parts, const torch::Tensor& x);

}  // namespace bw::models
