// The decoded form of a data set on disk: a 4096-byte header, then the images, then the labels.
// Written once, atomically, and mapped by every trainer of the host, so the images stand in memory
// once. No torch.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "base/result.h"
#include "worker/trainer/data/dataset.h"

namespace bw::trainer {

struct DecodedImages {
    int channels = 1, height = 0, width = 0;
    std::vector<std::uint8_t> images, labels;
};

/// Nothing when there is no such file or it is not whole; it is then written anew.
std::optional<Dataset> open_decoded(const std::filesystem::path& file, const DatasetInfo* info);

/// Creates the folder; when another process was faster its file stays. False, with a line on
/// stderr, when the folder cannot be written.
bool store_decoded(const std::filesystem::path& file, const DecodedImages& decoded);

/// The same data set in this process's own memory.
Dataset keep_decoded(DecodedImages decoded, const DatasetInfo& info);

}  // namespace bw::trainer
