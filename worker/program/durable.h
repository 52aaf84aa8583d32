// What a program has written is on the disk before anything is built on it.
#pragma once

#include <filesystem>

#include "base/result.h"

namespace bw::program {

/// A file, or a folder with all that it holds, and the folder in which it lies. Errors: not_found,
/// io.
Result<void> sync_tree(const std::filesystem::path& path);

}  // namespace bw::program
