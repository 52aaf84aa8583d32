// From a data set's source files to plain images and labels. No torch.
#pragma once

#include <filesystem>
#include <vector>

#include "base/result.h"
#include "worker/trainer/data/cache.h"
#include "worker/trainer/data/dataset.h"

namespace bw::trainer {

/// `files` as find_source_files() gives them. Errors: Errc::io, Errc::corrupt; each names the file.
Result<DecodedImages> decode_files(
    const DatasetInfo& info, const std::vector<std::filesystem::path>& files
);

}  // namespace bw::trainer
