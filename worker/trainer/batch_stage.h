// Where a micro-batch stands between the loader and the network: host memory that is allocated
// once.
#pragma once

#include <cstdint>
#include <span>

#include <torch/types.h>

#include "worker/trainer/data/loader.h"

namespace bw::trainer {

/// images [n, channels, height, width], labels [n] int64. Views of the stage: valid until the next
/// load.
struct StagedBatch {
    torch::Tensor images, labels;
};

/// One per rank. The work is the host's: it does not count as device memory.
class BatchStage {
public:
    /// dtype: float or double.
    BatchStage(const Loader& loader, std::int64_t samples_max, torch::ScalarType dtype);

    /// Room for as many samples, and no more: the stage of a micro-batch is a part of its memory.
    void reserve(std::int64_t samples_max);

    StagedBatch load(Loader& loader, std::span<const std::uint32_t> samples, std::int64_t epoch);

    [[nodiscard]] std::int64_t samples_max() const { return labels_.size(0); }

private:
    torch::Tensor images_, labels_;
};

}  // namespace bw::trainer
