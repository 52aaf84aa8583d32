// Sizes in bytes as people write them: "512MiB", "8GiB", "0.5GiB", "12GB", "1024".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace bw {

/// Binary (KiB MiB GiB TiB) and decimal (kB MB GB TB) units; no unit: bytes. Rounds down to whole
/// bytes.
Result<std::int64_t> parse_bytes(std::string_view text);

/// The shortest binary form with at most two decimals: "1.50 GiB".
std::string format_bytes(std::int64_t size_bytes);

}  // namespace bw
