// Sharpness-aware minimisation (Foret et al., ICLR 2021; adaptive: Kwon et al., ICML 2021) around
// any update rule: between the two passes of a step the weights stand where the loss is worst
// nearby.
#pragma once

#include <vector>

#include <torch/types.h>

#include "worker/trainer/attempt/params.h"
#include "worker/trainer/flat_parameters.h"

namespace bw::trainer {

/// Room for a copy of the weights is taken at construction. Every rank has the same gradients, so
/// every rank goes to the same place.
class Sharpness {
public:
    Sharpness(FlatParameters& parameters, const SharpnessSpec& spec);

    /// w + rho * g / |g|, or, adaptive, w + rho * w^2 * g / |w * g|. Overwrites the gradients.
    void climb();

    /// Back to the weights before climb(), exactly.
    void descend();

private:
    FlatParameters& parameters_;
    SharpnessSpec spec_;
    std::vector<torch::Tensor> before_;
};

}  // namespace bw::trainer
