// Runs gnuplot, a separate program: the only file that starts a process here.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace bw::results {

/// Runs the script with `folder` as the current folder, without the user's start-up files, and
/// waits. Errors: not_found (not installed, with the remedy), io (what gnuplot said).
Result<void> run_gnuplot(const std::string& script, const std::filesystem::path& folder);

}  // namespace bw::results
