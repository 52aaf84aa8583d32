#include "worker/cuda/nvml/nvml.h"

#include <array>
#include <cstdlib>
#include <utility>

#include <dlfcn.h>

namespace bw::nvml {

namespace {

// NVML's binary interface, as far as it is used here; it keeps what it once had.
using Handle = void*;
using Status = int;
constexpr Status kSuccess = 0, kInsufficientSize = 7;
constexpr unsigned kUuidBytes = 96, kNameBytes = 96;
constexpr unsigned kProcessesMax = 1024;

struct MemoryInfo {
    unsigned long long total, free, used;
};

struct ProcessInfo {
    unsigned pid;
    unsigned long long used_bytes;
    unsigned gpu_instance, compute_instance;
};

}  // namespace

struct Library::Functions {
    void* library = nullptr;
    Status (*init)() = nullptr;
    Status (*shutdown)() = nullptr;
    const char* (*error_string)(Status) = nullptr;
    Status (*count)(unsigned*) = nullptr;
    Status (*by_index)(unsigned, Handle*) = nullptr;
    Status (*by_uuid)(const char*, Handle*) = nullptr;
    Status (*uuid)(Handle, char*, unsigned) = nullptr;
    Status (*name)(Handle, char*, unsigned) = nullptr;
    Status (*memory)(Handle, MemoryInfo*) = nullptr;
    Status (*processes)(Handle, unsigned*, ProcessInfo*) = nullptr;
    bool is_initialised = false;

    Functions() = default;
    Functions(const Functions&) = delete;
    Functions& operator=(const Functions&) = delete;

    ~Functions() {
        if (is_initialised) shutdown();
        if (library != nullptr) ::dlclose(library);
    }

    template <class Function>
    Result<void> find(const char* symbol, Function& function) const {
        function = reinterpret_cast<Function>(::dlsym(library, symbol));
        if (function != nullptr) return {};
        return fail(
            Errc::unsupported,
            std::string(kLibraryName) + " has no " + symbol + ": NVIDIA's driver is too old"
        );
    }

    Result<void> find_all() {
        for (const Result<void>& found : {
                 find("nvmlInit_v2", init),
                 find("nvmlShutdown", shutdown),
                 find("nvmlErrorString", error_string),
                 find("nvmlDeviceGetCount_v2", count),
                 find("nvmlDeviceGetHandleByIndex_v2", by_index),
                 find("nvmlDeviceGetHandleByUUID", by_uuid),
                 find("nvmlDeviceGetUUID", uuid),
                 find("nvmlDeviceGetName", name),
                 find("nvmlDeviceGetMemoryInfo", memory),
                 find("nvmlDeviceGetComputeRunningProcesses_v3", processes),
             }) {
            if (!found) return found.error();
        }
        return {};
    }

    Error failure(Errc code, const std::string& what, Status status) const {
        return fail(code, "NVIDIA's driver cannot " + what + ": " + error_string(status));
    }

    Result<Device> device(unsigned index) const {
        Handle handle = nullptr;
        std::array<char, kUuidBytes> uuid_text{};
        std::array<char, kNameBytes> name_text{};
        MemoryInfo bytes{};
        Status status = by_index(index, &handle);
        if (status == kSuccess) status = uuid(handle, uuid_text.data(), kUuidBytes);
        if (status == kSuccess) status = name(handle, name_text.data(), kNameBytes);
        if (status == kSuccess) status = memory(handle, &bytes);
        if (status != kSuccess)
            return failure(Errc::io, "describe GPU " + std::to_string(index), status);
        return Device{
            .uuid = uuid_text.data(),
            .name = name_text.data(),
            .total_bytes = static_cast<std::int64_t>(bytes.total),
            .used_bytes = static_cast<std::int64_t>(bytes.used)};
    }
};

Library::Library(std::unique_ptr<Functions> functions) : functions_(std::move(functions)) {}

Library::Library(Library&&) noexcept = default;
Library& Library::operator=(Library&&) noexcept = default;
Library::~Library() = default;

Result<Library> Library::open() {
    const char* given = std::getenv(kLibraryVariable);
    auto functions = std::make_unique<Functions>();
    functions->library = ::dlopen(given != nullptr ? given : kLibraryName, RTLD_NOW | RTLD_LOCAL);
    if (functions->library == nullptr) {
        const char* why = ::dlerror();
        return fail(
            Errc::not_found,
            std::string("NVIDIA's driver is not installed here: ") +
                (why != nullptr ? why : kLibraryName)
        );
    }
    if (auto found = functions->find_all(); !found) return found.error();
    if (const Status status = functions->init(); status != kSuccess)
        return functions->failure(Errc::unsupported, "be used", status);
    functions->is_initialised = true;
    return Library(std::move(functions));
}

Result<std::vector<Device>> Library::devices() const {
    unsigned count = 0;
    if (const Status status = functions_->count(&count); status != kSuccess)
        return functions_->failure(Errc::io, "count its GPUs", status);
    std::vector<Device> devices;
    for (unsigned i = 0; i < count; ++i) {
        auto device = functions_->device(i);
        if (!device) return device.error();
        devices.push_back(std::move(*device));
    }
    return devices;
}

Result<std::vector<pid_t>> Library::processes_on(const std::string& uuid) const {
    Handle handle = nullptr;
    if (const Status status = functions_->by_uuid(uuid.c_str(), &handle); status != kSuccess)
        return functions_->failure(Errc::not_found, "find " + uuid, status);
    std::vector<ProcessInfo> found(16);
    auto count = static_cast<unsigned>(found.size());
    Status status = functions_->processes(handle, &count, found.data());
    if (status == kInsufficientSize) {
        found.resize(kProcessesMax);
        count = kProcessesMax;
        status = functions_->processes(handle, &count, found.data());
    }
    if (status != kSuccess)
        return functions_->failure(Errc::io, "list the processes on " + uuid, status);
    std::vector<pid_t> pids;
    for (unsigned i = 0; i < count; ++i) pids.push_back(static_cast<pid_t>(found[i].pid));
    return pids;
}

}  // namespace bw::nvml
