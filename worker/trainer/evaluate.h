// Loss and accuracy on a test set, shared among the ranks.
#pragma once

#include <cstdint>

#include <torch/types.h>

#include "base/result.h"
#include "models/arch/build.h"
#include "worker/trainer/batch_stage.h"
#include "worker/trainer/collective.h"

namespace bw::trainer {

struct Evaluation {
    double loss = 0, accuracy = 0;  // means over the samples
};

/// Each rank takes a contiguous share of the first `samples` test samples; sums are reduced in
/// float64. The network runs in evaluation mode without autograd, and is back in training mode
/// afterwards. Collective: all ranks call it. Errors: Errc::peer_gone.
Result<Evaluation> evaluate(
    models::Network& network,
    Loader& loader,
    BatchStage& stage,
    Collective& collective,
    int rank,
    std::int64_t samples
);

}  // namespace bw::trainer
