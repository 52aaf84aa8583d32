#include "worker/program/durable.h"

#include <cerrno>
#include <cstring>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

#include "base/text.h"

namespace bw::program {
namespace {

Result<void> sync_one(const std::filesystem::path& path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    const bool is_synced = descriptor >= 0 && ::fsync(descriptor) == 0;
    const int error = errno;
    if (descriptor >= 0) ::close(descriptor);
    if (is_synced) return boost::system::in_place_value;
    return fail(
        error == ENOENT ? Errc::not_found : Errc::io,
        "the checkpoint " + bw::quoted(path.string()) + ": " + std::strerror(error)
    );
}

}  // namespace

Result<void> sync_tree(const std::filesystem::path& path) {
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) {
        for (const auto& entry : std::filesystem::recursive_directory_iterator(path, error)) {
            if (auto synced = sync_one(entry.path()); !synced) return synced;
        }
    }
    if (auto synced = sync_one(path); !synced) return synced;
    return sync_one(path.parent_path());
}

}  // namespace bw::program
