// One process per state directory: an advisory lock (flock) on a file that names its holder, so
// that the second process can say who is there. The lock goes with the process, however it ends;
// the file stays and means nothing.
#pragma once

#include <filesystem>

#include "base/result.h"

namespace bw::journal {

class LockFile {
public:
    /// Creates the folder when needed. Errors: in_use (host and process of the holder), io (with
    /// the remedy).
    static Result<LockFile> acquire(const std::filesystem::path& folder);
    LockFile(LockFile&& other) noexcept;
    LockFile& operator=(LockFile&& other) noexcept;
    ~LockFile();

private:
    explicit LockFile(int descriptor) : descriptor_(descriptor) {}

    int descriptor_ = -1;
};

/// Makes the entries of a folder durable. Errors: io.
Result<void> sync_folder(const std::filesystem::path& folder);

}  // namespace bw::journal
