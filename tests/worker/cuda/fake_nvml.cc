// What a driver's libnvidia-ml.so.1 offers, as far as bw::nvml asks for it: two GPUs of one model.
// FAKE_NVML_INIT: the status that nvmlInit answers with. FAKE_NVML_HOLDER: the process that holds
// memory of the second GPU.
#include <array>
#include <cstdlib>
#include <cstring>

namespace {

using Status = int;
constexpr Status kSuccess = 0, kNotFound = 6;

struct Gpu {
    const char* uuid;
    const char* name;
    unsigned long long total, used;
};

constexpr unsigned long long kGiB = 1ULL << 30;
constexpr std::array<Gpu, 2> kGpus{
    {{"GPU-aa11-5eed", "NVIDIA H100", 80 * kGiB, kGiB},
     {"GPU-bb22-5eed", "NVIDIA H100", 80 * kGiB, 0}}};

struct Memory {
    unsigned long long total, free, used;
};

struct Process {
    unsigned pid;
    unsigned long long used;
    unsigned gpu_instance, compute_instance;
};

const Gpu& gpu_of(const void* handle) { return *static_cast<const Gpu*>(handle); }

int number_in(const char* variable) {
    const char* text = std::getenv(variable);
    return text == nullptr ? 0 : std::atoi(text);
}

}  // namespace

extern "C" {

Status nvmlInit_v2() { return number_in("FAKE_NVML_INIT"); }

Status nvmlShutdown() { return kSuccess; }

const char* nvmlErrorString(Status status) {
    return status == 9 ? "Driver Not Loaded" : "Unknown Error";
}

Status nvmlDeviceGetCount_v2(unsigned* count) {
    *count = kGpus.size();
    return kSuccess;
}

Status nvmlDeviceGetHandleByIndex_v2(unsigned index, const void** handle) {
    *handle = &kGpus.at(index);
    return kSuccess;
}

Status nvmlDeviceGetHandleByUUID(const char* uuid, const void** handle) {
    for (const Gpu& gpu : kGpus) {
        if (std::strcmp(gpu.uuid, uuid) != 0) continue;
        *handle = &gpu;
        return kSuccess;
    }
    return kNotFound;
}

Status nvmlDeviceGetUUID(const void* handle, char* text, unsigned size) {
    std::strncpy(text, gpu_of(handle).uuid, size);
    return kSuccess;
}

Status nvmlDeviceGetName(const void* handle, char* text, unsigned size) {
    std::strncpy(text, gpu_of(handle).name, size);
    return kSuccess;
}

Status nvmlDeviceGetMemoryInfo(const void* handle, Memory* memory) {
    const Gpu& gpu = gpu_of(handle);
    *memory = {gpu.total, gpu.total - gpu.used, gpu.used};
    return kSuccess;
}

Status nvmlDeviceGetComputeRunningProcesses_v3(
    const void* handle, unsigned* count, Process* processes
) {
    const int holder = number_in("FAKE_NVML_HOLDER");
    const bool is_held = holder != 0 && handle == &kGpus[1];
    *count = is_held ? 1 : 0;
    if (is_held) processes[0] = {static_cast<unsigned>(holder), kGiB, 0, 0};
    return kSuccess;
}
}
