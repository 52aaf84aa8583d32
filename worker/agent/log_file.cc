#include "worker/agent/log_file.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bw::agent {
namespace {

constexpr std::size_t kTailBytes = 4096;
constexpr std::size_t kLastLineBytesMax = 200;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

}  // namespace

LogFile::LogFile(std::filesystem::path path) : path_(std::move(path)) { open(); }

LogFile::~LogFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

void LogFile::open() {
    if (descriptor_ >= 0) ::close(descriptor_);
    std::error_code ignored;
    std::filesystem::create_directories(path_.parent_path(), ignored);
    descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

    struct stat info {};

    const bool known = descriptor_ >= 0 && ::fstat(descriptor_, &info) == 0;
    size_bytes_ = known ? static_cast<std::int64_t>(info.st_size) : 0;
}

void LogFile::move_to(std::filesystem::path path) {
    path_ = std::move(path);
    open();
}

void LogFile::write(std::string_view text) {
    tail_.append(text);
    if (tail_.size() > 2 * kTailBytes) tail_.erase(0, tail_.size() - kTailBytes);
    if (size_bytes_ + static_cast<std::int64_t>(text.size()) > kBytesMax) {
        std::error_code ignored;
        std::filesystem::rename(path_, path_.string() + ".1", ignored);
        open();
    }
    if (descriptor_ < 0) return;
    const ssize_t written = ::write(descriptor_, text.data(), text.size());
    if (written > 0) size_bytes_ += written;
}

std::string LogFile::last_line() const {
    const auto last = std::find_if_not(tail_.rbegin(), tail_.rend(), is_blank);
    const auto line_break = std::find(last, tail_.rend(), '\n');
    std::string line(line_break.base(), last.base());
    std::replace_if(
        line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' '
    );
    if (line.size() > kLastLineBytesMax) line.resize(kLastLineBytesMax);
    return line;
}

}  // namespace bw::agent
