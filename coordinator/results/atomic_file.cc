#include "coordinator/results/atomic_file.h"

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include <unistd.h>

namespace bw::results {
namespace {

Error io_error(const std::filesystem::path& path, int error) {
    return fail(
        Errc::io, "file \"" + path.string() + "\": cannot be written (" + std::strerror(error) + ")"
    );
}

}  // namespace

Result<AtomicFile> AtomicFile::create(const std::filesystem::path& path) {
    std::error_code error;
    std::filesystem::create_directories(path.parent_path(), error);
    if (error) return io_error(path, error.value());
    std::filesystem::path temporary = path.string() + ".new";
    std::FILE* file = std::fopen(temporary.c_str(), "we");
    if (file == nullptr) return io_error(path, errno);
    return AtomicFile(path, std::move(temporary), file);
}

AtomicFile::~AtomicFile() {
    if (file_ != nullptr) ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), file_.get());
}

Result<void> AtomicFile::commit() {
    const bool written = std::ferror(file_.get()) == 0 && std::fflush(file_.get()) == 0 &&
                         ::fsync(::fileno(file_.get())) == 0;
    if (!written) return io_error(path_, errno);
    if (std::rename(temporary_.c_str(), path_.c_str()) != 0) return io_error(path_, errno);
    file_.reset();
    return {};
}

}  // namespace bw::results
