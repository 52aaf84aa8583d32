// The GPUs of this host as NVIDIA's driver tells them: the agent's way to find its slots without a
// CUDA context. libnvidia-ml.so.1 comes with the driver and is opened at run time; nothing of CUDA
// is linked. Bytes. Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/result.h"

namespace bw::nvml {

inline constexpr const char* kLibraryName = "libnvidia-ml.so.1";
/// Names another file in its place: a driver that stands where the loader does not look.
inline constexpr const char* kLibraryVariable = "BATCHWRIGHT_NVML";

struct Device {
    std::string uuid;  // "GPU-8f6d9a3e-..."
    std::string name;  // "NVIDIA H100 80GB HBM3"
    std::int64_t total_bytes = 0;
    std::int64_t used_bytes = 0;
};

/// The driver's library, opened and initialised; let go of at the end.
class Library {
public:
    /// Of the driver, or the file that kLibraryVariable names. Errors: not_found (no such library:
    /// no driver), unsupported (it lacks a function, or it answers with an error, which is told).
    static Result<Library> open();

    Library(Library&&) noexcept;
    Library& operator=(Library&&) noexcept;
    ~Library();

    /// In the driver's order, which is that of the PCI bus. Errors: io.
    [[nodiscard]] Result<std::vector<Device>> devices() const;

    /// Processes that hold memory of the device for computing. Errors: not_found, io.
    [[nodiscard]] Result<std::vector<pid_t>> processes_on(const std::string& uuid) const;

private:
    struct Functions;
    explicit Library(std::unique_ptr<Functions> functions);
    std::unique_ptr<Functions> functions_;
};

}  // namespace bw::nvml
