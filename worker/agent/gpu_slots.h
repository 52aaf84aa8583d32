// Slots on GPUs: which of the host's GPUs an agent offers, what a trainer is told about its own,
// and when a GPU is free again. Found by NVIDIA's driver library alone; no CUDA here.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <sys/types.h>

#include "base/result.h"
#include "base/time.h"
#include "worker/agent/agent.h"
#include "worker/cuda/nvml/nvml.h"

namespace bw::agent {

/// What its trainer is told: "cpu", or "cuda:GPU-8f6d...".
std::string device_of(const SlotOptions& slot);

/// The GPUs that CUDA_VISIBLE_DEVICES lets through, by its rules: positions in the driver's order
/// or beginnings of UUIDs, up to the first that names none. nullptr: all of them.
std::vector<nvml::Device> visible_gpus(std::vector<nvml::Device> gpus, const char* visible);

/// "cuda" (all of them), "cuda:2" (the first two), "cuda:2x40GiB" (with a limit below their own),
/// or "cuda:GPU-8f6d...,GPU-1c07..." (these). Errors: invalid_input, not_found.
Result<std::vector<SlotOptions>> gpu_slots(
    std::string_view device,
    const std::vector<nvml::Device>& gpus,
    int cores,
    int local_rank,
    int local_size
);

/// Of a trainer for this slot: it sees its own GPU only, and knows it before it loads anything.
std::vector<std::string> gpu_environment(const SlotOptions& slot);

/// Whether processes still hold memory of a GPU. One that has ended may, for a moment. Where the
/// driver cannot be asked the answer is no. Loop thread only.
class GpuMemory {
public:
    [[nodiscard]] bool is_held(const std::string& gpu, const std::vector<pid_t>& by);

private:
    std::unique_ptr<nvml::Library> driver_;
    bool is_tried_ = false;
};

/// Returns when none of `by` holds memory of the slots' GPUs, or after `patience`, which is told.
boost::asio::awaitable<void> await_gpu_memory(
    const std::vector<SlotOptions>& slots, std::vector<pid_t> by, Duration patience
);

}  // namespace bw::agent
