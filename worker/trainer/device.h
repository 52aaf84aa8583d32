// What this process computes on, settled before anything touches LibTorch: it looks for its CUDA
// part once, so libbatchwright_cuda.so is opened first or never. The agent names the device when it
// starts the trainer. Free of LibTorch.
#pragma once

#include <string>

#include "base/result.h"

namespace bw::trainer {

class Accelerator;

inline constexpr const char* kCpuDevice = "cpu";
inline constexpr const char* kCudaPrefix = "cuda:";  // before the UUID

inline constexpr const char* kCudaPartName = "libbatchwright_cuda.so";
inline constexpr const char* kCudaPartFunction = "batchwright_cuda_part";
/// Names a file in place of the library beside this program.
inline constexpr const char* kCudaPartVariable = "BATCHWRIGHT_CUDA_PART";

/// What kCudaPartFunction returns. CHANGE of it or of Accelerator -> the next kCudaPartVersion.
struct CudaPart {
    int version;
    const char* commit;         // of Batchwright
    const char* torch_version;  // that it was built with
    Accelerator* (*create)();   // owned by the caller, for the rest of the process
};

using CudaPartFunction = const CudaPart* (*)();
inline constexpr int kCudaPartVersion = 1;

struct TrainerDevice {
    std::string name = kCpuDevice;       // as in Start
    Accelerator* accelerator = nullptr;  // nullptr on the CPU
    std::string problem;                 // why the device cannot be used; else empty
};

/// "cpu", "cuda:UUID", or nullptr for the CPU. Never fails: a trainer that cannot use its device
/// says so when it is given work.
TrainerDevice open_device(const char* name);

/// Whether Start's device is the one that this process was started for. Errors: Errc::unsupported.
Result<void> check_device(const TrainerDevice& device, const std::string& wanted);

}  // namespace bw::trainer
