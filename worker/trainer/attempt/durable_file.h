// Writing a file so that it is there whole or not at all, also after a power cut. No torch.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string_view>

#include "base/result.h"

namespace bw::trainer {

/// Writes everything to a descriptor. Errors: Errc::io with the system's reason.
Result<void> write_all(int descriptor, const void* data, std::size_t size_bytes);

/// Temporary file, `fill`, fsync, `verify`, rename, fsync of the folder. On an error the temporary
/// file is removed and an earlier file of that name is left alone.
Result<void> write_durably(
    const std::filesystem::path& file,
    const std::function<Result<void>(int descriptor)>& fill,
    const std::function<Result<void>(const std::filesystem::path& temporary)>& verify
);

/// Errc::io: `file "x" cannot be written: no space left on device`; reads errno.
Error io_error(const std::filesystem::path& file, std::string_view action);

}  // namespace bw::trainer
