// A file that appears under its name complete and durable, or not at all: temporary file, fsync,
// rename.
#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string_view>

#include "base/result.h"

namespace bw::results {

class AtomicFile {
public:
    /// Creates the folders above it. Errors: io.
    static Result<AtomicFile> create(const std::filesystem::path& path);
    AtomicFile(AtomicFile&&) noexcept = default;
    AtomicFile& operator=(AtomicFile&&) noexcept = default;
    ~AtomicFile();  // without commit() nothing is left

    /// Buffered; an error shows at commit().
    void write(std::string_view text);

    /// Errors: io.
    Result<void> commit();

private:
    struct Close {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };

    std::filesystem::path path_, temporary_;
    std::unique_ptr<std::FILE, Close> file_;

    AtomicFile(std::filesystem::path path, std::filesystem::path temporary, std::FILE* file)
        : path_(std::move(path)), temporary_(std::move(temporary)), file_(file) {}
};

}  // namespace bw::results
