// The tensors that make up a run's state, by name: what a checkpoint holds and what the weights'
// digest covers.
#pragma once

#include <string>
#include <vector>

#include <torch/nn/module.h>
#include <torch/types.h>

#include "base/result.h"
#include "models/arch/build.h"
#include "worker/trainer/attempt/checkpoint_file.h"
#include "worker/trainer/optimizer/optimizer.h"

namespace bw::trainer {

struct NamedTensor {
    std::string name;
    torch::Tensor tensor;
};

/// Parameters, then buffers, in registration order.
std::vector<NamedTensor> weights_of(const torch::nn::Module& network);

/// The same under the names of the network's library: for a file that other programs read.
std::vector<NamedTensor> exported_weights_of(const models::Network& network);

/// Per parameter: "optimizer.momentum.fc.weight".
std::vector<NamedTensor> optimizer_state_of(
    const Optimizer& optimizer, const FlatParameters& parameters
);

/// SHA-256 over names and bytes, in the order given.
std::string digest_of(const std::vector<NamedTensor>& tensors);

/// The bytes of `tensors` for a checkpoint; valid while `hold` lives (copies of what is not
/// contiguous on the host).
std::vector<TensorBytes> bytes_of(
    const std::vector<NamedTensor>& tensors, std::vector<torch::Tensor>& hold
);

/// Copies a checkpoint's tensors into `tensors`. Errors: Errc::corrupt, naming the tensor and both
/// shapes.
Result<void> restore(const CheckpointFile& file, const std::vector<NamedTensor>& tensors);

}  // namespace bw::trainer
