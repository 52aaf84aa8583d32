#include "worker/cuda/cuda_accelerator.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <utility>

#include <ATen/Context.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAFunctions.h>
#include <cuda_runtime_api.h>

#include "base/text.h"
#include "worker/cuda/nccl_collective.h"
#include "worker/cuda/nvml/nvml.h"
#include "worker/trainer/torch_error.h"

namespace bw::cuda {

namespace {

using trainer::error_text;
namespace allocator = c10::cuda::CUDACachingAllocator;

/// For memory that every run lays out alike: cuBLAS else picks its workspace as it goes, and sums
/// in another order.
constexpr const char* kCublasWorkspace = ":4096:8";

/// The 32 hexadecimal digits of "GPU-8f6d9a3e-0c1b-...", whatever stands in front of them.
std::string digits_of(std::string_view uuid) {
    if (uuid.starts_with("GPU-") || uuid.starts_with("MIG-")) uuid.remove_prefix(4);
    std::string digits;
    for (const char c : uuid) {
        if (c != '-') digits += static_cast<char>(c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);
    }
    return digits;
}

std::string digits_of(const cudaUUID_t& uuid) {
    std::string digits;
    for (const char byte : uuid.bytes) {
        std::array<char, 3> text{};
        std::snprintf(text.data(), text.size(), "%02x", static_cast<unsigned char>(byte));
        digits += text.data();
    }
    return digits;
}

/// What the driver says of this host's GPUs, for whoever asked for another.
std::string what_there_is() {
    const auto library = nvml::Library::open();
    if (!library) return library.error().message;
    const auto devices = library->devices();
    if (!devices) return devices.error().message;
    std::string text = "this host has";
    for (const auto& device : *devices) text += " " + device.uuid + " (" + device.name + ")";
    return devices->empty() ? text + " no GPU" : text;
}

Result<int> visible_devices() {
    int count = 0;
    const cudaError_t status = cudaGetDeviceCount(&count);
    if (status == cudaSuccess && count > 0) return count;
    const std::string why = status == cudaSuccess ? "CUDA sees none" : cudaGetErrorString(status);
    return fail(Errc::unsupported, "no GPU can be used: " + why + "; " + what_there_is());
}

Result<c10::DeviceIndex> index_of(const std::string& uuid) {
    const auto count = visible_devices();
    if (!count) return count.error();
    for (int i = 0; i < *count; ++i) {
        cudaDeviceProp properties{};
        if (cudaGetDeviceProperties(&properties, i) != cudaSuccess) continue;
        if (digits_of(properties.uuid) == digits_of(uuid)) return static_cast<c10::DeviceIndex>(i);
    }
    return fail(
        Errc::unsupported,
        "CUDA does not show " + bw::quoted(uuid) + " to this process; " + what_there_is()
    );
}

/// The same step gives the same bits: a resumed run must equal an undisturbed one. fp32 means fp32.
void make_exact() {
    ::setenv("CUBLAS_WORKSPACE_CONFIG", kCublasWorkspace, /*overwrite=*/0);
    auto& context = at::globalContext();
    context.setBenchmarkCuDNN(false);
    context.setDeterministicCuDNN(true);
    context.setDeterministicAlgorithms(true, /*warn_only=*/true);
    context.setAllowTF32CuDNN(false);
    context.setAllowTF32CuBLAS(false);
}

std::size_t total_of(c10::DeviceIndex index) {
    cudaDeviceProp properties{};
    return cudaGetDeviceProperties(&properties, index) == cudaSuccess ? properties.totalGlobalMem
                                                                      : 0;
}

}  // namespace

Result<torch::Device> CudaAccelerator::use(const std::string& uuid) {
    const auto index = index_of(uuid);
    if (!index) return index.error();
    try {
        make_exact();
        at::globalContext().lazyInitDevice(c10::DeviceType::CUDA);
        c10::cuda::set_device(*index);
        index_ = *index;
        return torch::Device(c10::DeviceType::CUDA, *index);
    } catch (const std::exception& error) {
        return fail(Errc::unsupported, uuid + " cannot be used: " + error_text(error));
    }
}

Result<void> CudaAccelerator::limit_memory(std::int64_t bytes) {
    const auto total = static_cast<double>(total_of(index_));
    if (total <= 0) return fail(Errc::io, "the GPU does not say how much memory it has");
    const double fraction = bytes > 0 ? static_cast<double>(bytes) / total : 1.0;
    try {
        allocator::setMemoryFraction(std::min(1.0, fraction), index_);
        return {};
    } catch (const std::exception& error) {
        return fail(Errc::io, "the GPU's memory cannot be limited: " + error_text(error));
    }
}

trainer::AcceleratorMemory CudaAccelerator::memory() const {
    constexpr auto kAll = static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE);
    const auto stats = allocator::getDeviceStats(index_);
    return {
        .allocated_bytes = stats.allocated_bytes[kAll].current,
        .reserved_bytes = stats.reserved_bytes[kAll].current,
        .peak_allocated_bytes = stats.allocated_bytes[kAll].peak,
        .peak_reserved_bytes = stats.reserved_bytes[kAll].peak,
        .total_bytes = static_cast<std::int64_t>(total_of(index_))};
}

void CudaAccelerator::reset_peak() { allocator::resetPeakStats(index_); }

void CudaAccelerator::empty_cache() { allocator::emptyCache(); }

void CudaAccelerator::synchronize() { c10::cuda::device_synchronize(); }

Result<std::unique_ptr<trainer::Collective>> CudaAccelerator::connect(
    const c10::intrusive_ptr<c10d::Store>& store,
    const trainer::GroupOptions& options,
    std::unique_ptr<trainer::Collective> host
) {
    return connect_nccl(store, options, index_, std::move(host));
}

}  // namespace bw::cuda
