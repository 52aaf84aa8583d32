// What the trainer's --profile is asked, and where its profiles lie.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

#include "base/result.h"
#include "plan/profile.h"

namespace bw::cli {

/// The subject's profile is kept in `state_dir`; the answer shows a micro-batch of `samples` in
/// groups of `group` (0: none). Errors: as ask_trainer().
Result<nlohmann::json> request_profile(
    const std::string& trainer,
    const plan::ProfileSubject& subject,
    std::int64_t samples,
    std::int64_t group,
    const std::string& state_dir
);

/// Errors: not_found, corrupt, version_mismatch.
Result<plan::Profile> read_profile(const std::string& state_dir, const std::string& key);

}  // namespace bw::cli
