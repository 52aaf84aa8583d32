// Update rules on flat buckets. A rule keeps its state in tensors that are laid out like the
// buckets, so a checkpoint can name each parameter's part, and the layout may change between
// releases.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <torch/types.h>

#include "worker/trainer/attempt/params.h"
#include "worker/trainer/flat_parameters.h"

namespace bw::trainer {

struct UpdateStep {
    double learning_rate = 0;
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

/// w <- w - lr * v, v <- momentum * v + g + weight_decay * w (torch.optim.SGD).
std::unique_ptr<Optimizer> make_sgd(
    FlatParameters& parameters, double momentum, double weight_decay
);

/// torch.optim.Adam with its default betas (0.9, 0.999) and eps 1e-8; weight decay is added to the
/// gradient.
std::unique_ptr<Optimizer> make_adam(FlatParameters& parameters, double weight_decay);

std::unique_ptr<Optimizer> make_optimizer(FlatParameters& parameters, const TrainingParams& params);

}  // namespace bw::trainer
