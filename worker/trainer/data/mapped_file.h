// A whole file mapped read-only and shared: every process that maps it uses the same memory. No
// torch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

#include "base/result.h"

namespace bw::trainer {

/// Unmapped on destruction. Immutable, so it may be read from any thread.
class MappedFile {
public:
    /// Errors: Errc::not_found, Errc::io. An empty file maps to no bytes.
    static Result<std::shared_ptr<const MappedFile>> open(const std::filesystem::path& file);

    MappedFile(const std::uint8_t* data, std::size_t size_bytes)
        : data_(data), size_bytes_(size_bytes) {}

    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;
    ~MappedFile();

    [[nodiscard]] std::span<const std::uint8_t> bytes() const { return {data_, size_bytes_}; }

private:
    const std::uint8_t* data_;
    std::size_t size_bytes_;
};

}  // namespace bw::trainer
