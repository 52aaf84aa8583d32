#include "coordinator/net/private_file.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

namespace bw::net {

namespace {

bool write_and_sync(int descriptor, const std::string& text) {
    std::size_t done = 0;
    while (done < text.size()) {
        const ssize_t written = ::write(descriptor, text.data() + done, text.size() - done);
        if (written < 0 && errno != EINTR) return false;
        if (written > 0) done += static_cast<std::size_t>(written);
    }
    return ::fsync(descriptor) == 0;
}

}  // namespace

Result<void> write_private_file(const std::filesystem::path& path, const std::string& text) {
    const std::string temporary = path.string() + ".new";
    ::unlink(temporary.c_str()
    );  // left behind by a kill; with O_EXCL its mode is certain to be ours
    const int descriptor =
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    const bool written = descriptor >= 0 && write_and_sync(descriptor, text);
    const int reason = errno;
    if (descriptor >= 0) ::close(descriptor);
    if (written && ::rename(temporary.c_str(), path.c_str()) == 0)
        return boost::system::in_place_value;
    return fail(
        Errc::io, "cannot write " + path.string() + ": " + std::strerror(written ? errno : reason)
    );
}

}  // namespace bw::net
