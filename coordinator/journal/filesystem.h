// What kind of file system a folder lies on: a database on a network file system may lose its locks
// or its order of writes. Any thread.
#pragma once

#include <filesystem>
#include <string>

namespace bw::journal {

/// "NFS", "CIFS", ... by statfs's magic number; nullptr for anything that is not known to be a
/// network file system.
const char* network_filesystem_name(long magic);

/// A warning with the remedy, or an empty text.
std::string network_filesystem_warning(const std::filesystem::path& folder);

}  // namespace bw::journal
