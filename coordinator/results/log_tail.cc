#include "coordinator/results/log_tail.h"

#include <algorithm>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bw::results {

namespace {

constexpr std::int64_t kTailBytesMax = 8 * 1024 * 1024;

std::string read_at(int descriptor, std::int64_t offset, std::size_t bytes_max) {
    std::string text(bytes_max, '\0');
    const ssize_t got = ::pread(descriptor, text.data(), text.size(), offset);
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
}

}  // namespace

std::string log_name(int rank) { return "rank" + std::to_string(rank) + ".log"; }

LogTail::~LogTail() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

bool LogTail::open() {
    if (descriptor_ < 0) descriptor_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    return descriptor_ >= 0;
}

// The open file is no longer the one that has the name.
bool LogTail::rotated() const {
    struct stat own {
    }, named{};

    if (::fstat(descriptor_, &own) != 0 || ::stat(path_.c_str(), &named) != 0) return false;
    return own.st_ino != named.st_ino || own.st_dev != named.st_dev;
}

void LogTail::seek_last(std::uint64_t lines) {
    if (!open()) return;

    struct stat info {};

    if (::fstat(descriptor_, &info) != 0) return;
    const std::int64_t begin = std::max<std::int64_t>(0, info.st_size - kTailBytesMax);
    const std::string text =
        read_at(descriptor_, begin, static_cast<std::size_t>(info.st_size - begin));
    std::size_t at = text.size();
    for (std::uint64_t seen = 0; at > 0; --at) {
        // The line end at the very end ends the last line; it does not begin another.
        if (text[at - 1] == '\n' && at != text.size() && ++seen >= lines) break;
    }
    offset_ = lines == 0 ? info.st_size : begin + static_cast<std::int64_t>(at);
}

std::string LogTail::read(Until until) {
    if (!open()) return "";
    std::string text = read_at(descriptor_, offset_, kLogPieceBytesMax);
    if (text.empty() && rotated()) {
        ::close(descriptor_);
        descriptor_ = -1;
        offset_ = 0;
        if (open()) text = read_at(descriptor_, 0, kLogPieceBytesMax);
    }
    const std::size_t lines = text.rfind('\n') + 1;  // npos + 1: 0
    const bool is_end = until == Until::file_end || (lines == 0 && rotated());
    if (lines > 0 || (!is_end && text.size() < kLogPieceBytesMax)) text.resize(lines);
    offset_ += static_cast<std::int64_t>(text.size());
    return text;
}

}  // namespace bw::results
