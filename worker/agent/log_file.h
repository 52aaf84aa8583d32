// What a trainer prints: into a file that is rotated at 16 MiB, with the last line kept for the
// report of a death.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace bw::agent {

class LogFile {
public:
    static constexpr std::int64_t kBytesMax = 16 * 1024 * 1024;  // then FILE becomes FILE.1

    explicit LogFile(std::filesystem::path path);
    LogFile(const LogFile&) = delete;
    LogFile& operator=(const LogFile&) = delete;
    ~LogFile();

    /// Goes on in another file; makes its folder.
    void move_to(std::filesystem::path path);

    /// A failing disk is no reason to stop training: what cannot be written is lost.
    void write(std::string_view text);

    /// The last line that is not blank, printable, at most 200 characters; empty when there was
    /// none.
    [[nodiscard]] std::string last_line() const;

private:
    void open();

    std::filesystem::path path_;
    int descriptor_ = -1;
    std::int64_t size_bytes_ = 0;
    std::string tail_;  // the end of what was written
};

}  // namespace bw::agent
