// Files that only their owner may read: token, key, endpoint.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace bw::net {

/// Mode 0600, replaced as a whole or not at all, on disk when this returns. Errors: io.
Result<void> write_private_file(const std::filesystem::path& path, const std::string& text);

}  // namespace bw::net
