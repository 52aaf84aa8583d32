#include "coordinator/journal/lock_file.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/process.h"
#include "base/text.h"

namespace bw::journal {
namespace {

constexpr const char* kRemedy =
    "; give this user write access, or choose another folder with --state DIR";

Error folder_error(const std::filesystem::path& folder, const std::string& what, int error) {
    return fail(
        Errc::io,
        "state directory \"" + folder.string() + "\": " + what + " (" + std::strerror(error) + ")" +
            kRemedy
    );
}

std::string own_identity() { return host_name() + " " + std::to_string(getpid()) + "\n"; }

Error in_use(const std::filesystem::path& folder, int descriptor) {
    std::array<char, 300> text{};
    const ssize_t size = pread(descriptor, text.data(), text.size() - 1, 0);
    const std::string holder(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    const auto space = holder.find(' ');
    std::string who = "another process";
    if (space != std::string::npos) {
        const auto end = holder.find('\n', space);
        who = "process " + holder.substr(space + 1, end - space - 1) + " on host " +
              bw::quoted(holder.substr(0, space));
    }
    return fail(
        Errc::in_use,
        "state directory \"" + folder.string() + "\": in use by " + who +
            "; let it finish, end it, or choose another folder with --state DIR"
    );
}

}  // namespace

Result<LockFile> LockFile::acquire(const std::filesystem::path& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) return folder_error(folder, "cannot be created", error.value());
    const auto file = folder / "journal.lock";
    const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (descriptor < 0) return folder_error(folder, "cannot be written", errno);
    LockFile lock(descriptor);
    if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) return in_use(folder, descriptor);
        return folder_error(folder, "cannot be locked", errno);
    }
    const std::string identity = own_identity();
    if (ftruncate(descriptor, 0) != 0 ||
        pwrite(descriptor, identity.data(), identity.size(), 0) < 0) {
        return folder_error(folder, "cannot be written", errno);
    }
    return lock;
}

LockFile::LockFile(LockFile&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

LockFile& LockFile::operator=(LockFile&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
}

LockFile::~LockFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

Result<void> sync_folder(const std::filesystem::path& folder) {
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return folder_error(folder, "cannot be opened", errno);
    const int outcome = fsync(descriptor);
    const int error = errno;
    ::close(descriptor);
    if (outcome != 0) return folder_error(folder, "cannot be synchronised", error);
    return {};
}

}  // namespace bw::journal
