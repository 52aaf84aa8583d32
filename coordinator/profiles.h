// What `batchwright profile`, `plan --profile` and earlier jobs have left in the state directory.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace bw::coordinator {

/// The texts of the folder's profiles, by name; empty when there is no such folder. What is no
/// profile is for the core to see.
std::vector<std::string> read_profiles(const std::filesystem::path& folder);

}  // namespace bw::coordinator
