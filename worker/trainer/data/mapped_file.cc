#include "worker/trainer/data/mapped_file.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

namespace bw::trainer {

Result<std::shared_ptr<const MappedFile>> MappedFile::open(const std::filesystem::path& file) {
    const auto failed = [&file](const char* what) {
        const Errc code = errno == ENOENT ? Errc::not_found : Errc::io;
        return fail(
            code,
            "file " + bw::quoted(file.string()) + " cannot be " + what + ": " + std::strerror(errno)
        );
    };
    const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return failed("opened");

    struct stat info {};

    if (::fstat(fd, &info) != 0) {
        const auto error = failed("read");
        ::close(fd);
        return error;
    }
    const auto size = static_cast<std::size_t>(info.st_size);
    void* data = size == 0 ? nullptr : ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
    const auto error = failed("mapped");
    ::close(fd);
    if (data == MAP_FAILED) return error;
    return std::make_shared<const MappedFile>(static_cast<const std::uint8_t*>(data), size);
}

MappedFile::~MappedFile() {
    if (data_ != nullptr) ::munmap(const_cast<std::uint8_t*>(data_), size_bytes_);
}

}  // namespace bw::trainer
