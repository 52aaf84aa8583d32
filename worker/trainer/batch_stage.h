// Where a micro-batch stands between the loader and the network: memory that is allocated once. The
// loader writes planes; a GPU, and a network that wants channels last, get a copy. For a GPU there
// are two host buffers, page-locked, so that the copy runs beside the host: while one is being
// copied the loader fills the other.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include <c10/core/Event.h>
#include <torch/types.h>

#include "worker/trainer/data/loader.h"

namespace bw::trainer {

/// images [n, channels, height, width], labels [n] int64, on the stage's device. Views of the
/// stage: valid until the next load, there in the order of the current stream.
struct StagedBatch {
    torch::Tensor images, labels;
};

/// One per rank.
class BatchStage {
public:
    /// dtype: float or double.
    BatchStage(
        const Loader& loader,
        std::int64_t samples_max,
        torch::ScalarType dtype,
        torch::Device device = torch::kCPU,
        torch::MemoryFormat format = torch::MemoryFormat::Contiguous
    );

    /// Room for as many samples, and no more: the stage of a micro-batch is a part of its memory.
    void reserve(std::int64_t samples_max);

    StagedBatch load(Loader& loader, std::span<const std::uint32_t> samples, std::int64_t epoch);

    [[nodiscard]] torch::Device device() const { return device_; }

    [[nodiscard]] std::int64_t samples_max() const { return host_.front().labels.size(0); }

private:
    struct HostBuffer {
        torch::Tensor images, labels;
        std::optional<c10::Event> copied;  // the device has read it
    };

    StagedBatch copy_to_device(HostBuffer& from, std::int64_t count);

    torch::Device device_;
    torch::MemoryFormat format_;
    std::array<HostBuffer, 2> host_;  // on the CPU only the first
    std::size_t next_ = 0;
    torch::Tensor device_images_, device_labels_;  // labels: not on the CPU
};

}  // namespace bw::trainer
