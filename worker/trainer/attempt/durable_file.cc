#include "worker/trainer/attempt/durable_file.h"

#include <cerrno>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include "base/text.h"

namespace bw::trainer {
namespace {

Result<void> sync_folder(const std::filesystem::path& folder) {
    const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return io_error(folder, "opened");
    const bool synced = ::fsync(fd) == 0;
    const Error error = io_error(folder, "synchronised");
    ::close(fd);
    if (!synced) return error;
    return {};
}

Result<void> fill_and_sync(
    const std::filesystem::path& temporary, const std::function<Result<void>(int)>& fill
) {
    const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) return io_error(temporary, "created");
    Result<void> result = fill(fd);
    if (result && ::fsync(fd) != 0) result = io_error(temporary, "synchronised");
    if (::close(fd) != 0 && result) result = io_error(temporary, "closed");
    return result;
}

}  // namespace

Error io_error(const std::filesystem::path& file, std::string_view action) {
    return fail(
        Errc::io,
        "file " + bw::quoted(file.string()) + " cannot be " + std::string(action) + ": " +
            std::strerror(errno)
    );
}

Result<void> write_all(int descriptor, const void* data, std::size_t size_bytes) {
    const char* bytes = static_cast<const char*>(data);
    while (size_bytes > 0) {
        const ssize_t n = ::write(descriptor, bytes, size_bytes);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return fail(Errc::io, std::string("write failed: ") + std::strerror(errno));
        bytes += n;
        size_bytes -= static_cast<std::size_t>(n);
    }
    return {};
}

Result<void> write_durably(
    const std::filesystem::path& file,
    const std::function<Result<void>(int descriptor)>& fill,
    const std::function<Result<void>(const std::filesystem::path& temporary)>& verify
) {
    std::filesystem::path temporary = file;
    temporary += ".tmp" + std::to_string(::getpid());
    Result<void> result = fill_and_sync(temporary, fill);
    if (result) result = verify(temporary);
    if (result && ::rename(temporary.c_str(), file.c_str()) != 0)
        result = io_error(file, "put in place");
    if (!result) {
        ::unlink(temporary.c_str());
        return fail(result.error().code, bw::quoted(file.string()) + ": " + result.error().message);
    }
    return sync_folder(file.parent_path());
}

}  // namespace bw::trainer
