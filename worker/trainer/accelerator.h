// A GPU as the trainer sees it. The trainer links LibTorch's CPU part only; what needs CUDA stands
// behind this interface, in libbatchwright_cuda.so (worker/cuda, opened by device.h). Everything
// else of the training code is told a torch::Device. Bytes. Used by one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <c10/util/intrusive_ptr.h>
#include <torch/types.h>

#include "base/result.h"
#include "worker/trainer/collective.h"

namespace c10d {
class Store;
}

namespace bw::trainer {

/// Of LibTorch's allocator on the device.
struct AcceleratorMemory {
    std::int64_t allocated_bytes = 0, reserved_bytes = 0;
    std::int64_t peak_allocated_bytes = 0, peak_reserved_bytes = 0;  // since reset_peak()
    std::int64_t total_bytes = 0;                                    // of the device
};

class Accelerator {
public:
    virtual ~Accelerator() = default;

    /// Makes the device with this UUID ("GPU-8f6d...") the current one; only now does the process
    /// take memory of it. Once. Errors: Errc::unsupported, which names what there is instead.
    virtual Result<torch::Device> use(const std::string& uuid) = 0;

    /// More than this is a c10::OutOfMemoryError; 0: what the device has. Errors: Errc::io.
    virtual Result<void> limit_memory(std::int64_t bytes) = 0;
    [[nodiscard]] virtual AcceleratorMemory memory() const = 0;
    virtual void reset_peak() = 0;

    /// Gives back to the device what the allocator holds and nobody uses.
    virtual void empty_cache() = 0;

    /// Until the device has done all that it was told.
    virtual void synchronize() = 0;

    /// Sums over ranks by NCCL for tensors on the device, by `host` for those in host memory.
    /// Errors: Errc::peer_gone.
    virtual Result<std::unique_ptr<Collective>> connect(
        const c10::intrusive_ptr<c10d::Store>& store,
        const GroupOptions& options,
        std::unique_ptr<Collective> host
    ) = 0;
};

}  // namespace bw::trainer
