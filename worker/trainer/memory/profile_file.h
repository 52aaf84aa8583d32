// Profiles as files, one per key, shared by all trainers that see the folder. Writing one is
// atomic, so readers need no lock; the last writer wins, and any of them is right. No torch.
#pragma once

#include <filesystem>

#include "base/result.h"
#include "plan/profile.h"

namespace bw::trainer {

/// Errors: Errc::not_found, Errc::corrupt, Errc::version_mismatch, Errc::io.
Result<plan::Profile> read_profile(const std::filesystem::path& file);

/// Errors: Errc::io.
Result<void> write_profile(const std::filesystem::path& file, const plan::Profile& profile);

}  // namespace bw::trainer
