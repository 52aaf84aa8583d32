// Update rules on flat buckets. A rule keeps its state in tensors that are laid out like the
// buckets, so a checkpoint can name each parameter's part, and the layout may change between
// releases.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <torch/types.h>

#include "worker/trainer/attempt/optimizer_spec.h"
#include "worker/trainer/flat_parameters.h"

namespace bw::trainer {

struct UpdateStep {
    double learning_rate = 0;
    double momentum = 0;      // of sgd and rmsprop; others ignore it
    std::int64_t number = 1;  // of this update, from 1: Adam's bias correction
};

/// One per rank; equal gradients give equal weights on every rank. State is allocated at
/// construction, so that an update cannot run out of memory half-way.
class Optimizer {
public:
    struct State {
        std::string name;                    // "momentum"
        std::vector<torch::Tensor> buckets;  // one per bucket
    };

    virtual ~Optimizer() = default;

    /// May overwrite the gradients. Runs without autograd.
    virtual void update(const UpdateStep& step) = 0;

    [[nodiscard]] virtual std::vector<State> state() const = 0;
};

/// torch.optim.SGD: v <- momentum * v + g + decay * w; w <- w - lr * v, or with Nesterov
/// w <- w - lr * (g + decay * w + momentum * v).
std::unique_ptr<Optimizer> make_sgd(FlatParameters& parameters, const OptimizerSpec& spec);

/// torch.optim.Adam (decay added to the gradient) and torch.optim.AdamW (w <- (1 - lr * decay) * w
/// first).
std::unique_ptr<Optimizer> make_adam(FlatParameters& parameters, const OptimizerSpec& spec);

/// torch.optim.RMSprop, not centred.
std::unique_ptr<Optimizer> make_rmsprop(FlatParameters& parameters, const OptimizerSpec& spec);

/// LAMB (You et al., 2020) as in torch_optimizer: a trust ratio for each parameter tensor, the
/// weights' norm clamped to 10, no bias correction.
std::unique_ptr<Optimizer> make_lamb(FlatParameters& parameters, const OptimizerSpec& spec);

std::unique_ptr<Optimizer> make_optimizer(FlatParameters& parameters, const OptimizerSpec& spec);

}  // namespace bw::trainer
