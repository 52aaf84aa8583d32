// Reader of the IDX format (MNIST, Fashion-MNIST, EMNIST, ...), plain or gzip-compressed. No torch.
// Errors: Errc::not_found, Errc::io, Errc::corrupt; each names the file and, for a damaged one, the
// wanted and the found sizes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "base/result.h"

namespace bw::trainer {

/// Unsigned bytes in row-major order; shape = {count, ...}.
struct IdxArray {
    std::vector<std::int64_t> shape;
    std::vector<std::uint8_t> bytes;
};

Result<IdxArray> read_idx(const std::filesystem::path& file);

/// A whole file without a format, plain or gzip-compressed.
Result<std::vector<std::uint8_t>> read_bytes(const std::filesystem::path& file);

}  // namespace bw::trainer
