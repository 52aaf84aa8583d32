// Reads what a rank has printed (worker/agent/log_file.h writes and rotates it): the end of it, or
// what is new. The text is cut at line ends, so that no character is torn. One thread at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/result.h"

namespace bw::results {

inline constexpr std::size_t kLogPieceBytesMax = 64 * 1024;
inline constexpr std::uint64_t kLogLinesMax = 100'000;

/// "rank0.log", in the attempt's folder.
std::string log_name(int rank);

class LogTail {
public:
    explicit LogTail(std::filesystem::path path) : path_(std::move(path)) {}

    ~LogTail();
    LogTail(const LogTail&) = delete;
    LogTail& operator=(const LogTail&) = delete;

    /// Goes to where the last `lines` lines of the file begin (of its last 8 MiB, when they are
    /// longer). A file that does not exist yet is an empty one.
    void seek_last(std::uint64_t lines);

    enum class Until { line_end, file_end };

    /// What follows: whole lines, at most kLogPieceBytesMax; empty: nothing more for now. After a
    /// rotation it goes on in the new file. `file_end`: also a last line that is not complete.
    std::string read(Until until = Until::line_end);

private:
    bool open();
    bool rotated() const;

    std::filesystem::path path_;
    int descriptor_ = -1;
    std::int64_t offset_ = 0;
};

}  // namespace bw::results
