#include "worker/trainer/device.h"

#include <cstdlib>
#include <filesystem>
#include <vector>

#include <dlfcn.h>

#include "base/text.h"
#include "base/version.h"

namespace bw::trainer {
namespace {

/// In the lib folder next to the program's, or beside the program: the build tree and every
/// installation.
std::vector<std::filesystem::path> places_of_part() {
    if (const char* given = std::getenv(kCudaPartVariable)) return {given};
    std::error_code ignored;
    const auto folder = std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
    return {folder.parent_path() / "lib" / kCudaPartName, folder / kCudaPartName};
}

Result<void> check_part(const CudaPart& part, const std::string& path) {
    const std::string own =
        std::string(commit()) + " with LibTorch " + std::string(torch_version());
    const std::string its = std::string(part.commit) + " with LibTorch " + part.torch_version;
    if (part.version == kCudaPartVersion && its == own) return {};
    return fail(
        Errc::version_mismatch,
        path + " is of another build: it is " + its + " (interface " +
            std::to_string(part.version) + "), the trainer " + own + " (interface " +
            std::to_string(kCudaPartVersion) + ")"
    );
}

Result<CudaPartFunction> open_library() {
    std::string tried;
    for (const auto& path : places_of_part()) {
        void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
        if (library == nullptr) {
            const char* why = ::dlerror();
            tried += std::string("; ") + (why == nullptr ? path.string() : why);
            continue;
        }
        if (void* found = ::dlsym(library, kCudaPartFunction))
            return reinterpret_cast<CudaPartFunction>(found);
        tried += "; " + path.string() + ": has no " + kCudaPartFunction;
    }
    return fail(
        Errc::unsupported,
        std::string(kCudaPartName) +
            " cannot be opened: it stands in lib/ of a complete build or "
            "package, but not of one for the CPU only" +
            tried
    );
}

Result<Accelerator*> open_part() {
    const auto function = open_library();
    if (!function) return function.error();
    const CudaPart* part = (*function)();
    if (auto fits = check_part(*part, kCudaPartName); !fits) return fits.error();
    return part->create();
}

}  // namespace

TrainerDevice open_device(const char* name) {
    TrainerDevice device;
    if (name != nullptr && *name != '\0') device.name = name;
    if (device.name == kCpuDevice) return device;
    if (!device.name.starts_with(kCudaPrefix)) {
        device.problem = "this trainer knows cpu and cuda:UUID only";
        return device;
    }
    if (auto accelerator = open_part()) {
        device.accelerator = *accelerator;
    } else {
        device.problem = accelerator.error().message;
    }
    return device;
}

Result<void> check_device(const TrainerDevice& device, const std::string& wanted) {
    if (wanted != device.name) {
        return fail(
            Errc::unsupported,
            "device " + bw::quoted(wanted) + ": this trainer was started for " +
                bw::quoted(device.name)
        );
    }
    if (device.problem.empty()) return {};
    return fail(Errc::unsupported, "device " + bw::quoted(wanted) + ": " + device.problem);
}

}  // namespace bw::trainer
