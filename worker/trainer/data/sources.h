// Where a data set's files lie: the search over folders, and a key that changes when a file does.
// No torch.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "worker/trainer/data/dataset.h"

namespace bw::trainer {

/// The files of one split, in the order in which decode_files() wants them, each plain or with .gz.
/// `search_path` empty: see dataset.h. Errors: Errc::not_found, with the path searched and the
/// remedy.
Result<std::vector<std::filesystem::path>> find_source_files(
    const DatasetInfo& info, Split split, const std::string& search_path
);

/// Sixteen hexadecimal digits from places, sizes and times of the files: names the decoded form, so
/// that a stale one is never used.
std::string source_key(const std::vector<std::filesystem::path>& files);

}  // namespace bw::trainer
