// The GPU behind the trainer's interface: LibTorch's CUDA allocator, and NCCL.
#pragma once

#include <string>

#include "worker/trainer/accelerator.h"

namespace bw::cuda {

class CudaAccelerator final : public trainer::Accelerator {
public:
    Result<torch::Device> use(const std::string& uuid) override;
    Result<void> limit_memory(std::int64_t bytes) override;
    [[nodiscard]] trainer::AcceleratorMemory memory() const override;
    void reset_peak() override;
    void empty_cache() override;
    void synchronize() override;
    Result<std::unique_ptr<trainer::Collective>> connect(
        const c10::intrusive_ptr<c10d::Store>& store,
        const trainer::GroupOptions& options,
        std::unique_ptr<trainer::Collective> host
    ) override;

private:
    c10::DeviceIndex index_ = -1;  // of the device in use, among those that this process sees
};

}  // namespace bw::cuda
