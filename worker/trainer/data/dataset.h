// Image data sets for classification: what is known of each, where their files are looked for, and
// the decoded form, which lies in one file per data set and split that all processes of a host map.
// No torch. Search path: `search_path`, else BATCHWRIGHT_DATA, else
// ./data:~/.local/share/batchwright/data:/usr/share/datasets. In each of its folders the data set's
// own folder is looked for (fashion-mnist, fashion_mnist, FashionMNIST/raw, ...), with plain and
// .gz files.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace bw::trainer {

enum class Split { train, test };

enum class ImageFormat {
    idx,       // MNIST's: a file of images and a file of labels
    cifar10,   // records of a label and 3 x 32 x 32 bytes
    cifar100,  // records of a coarse label, a fine label and 3 x 32 x 32 bytes
};

struct DatasetInfo {
    std::string_view name;                      // "fashion_mnist"
    std::span<const std::string_view> folders;  // as its distributors name them
    std::array<double, 3> mean{}, stddev{};     // of pixels in [0, 1], per channel
    int classes = 10;
    ImageFormat format = ImageFormat::idx;
    std::string_view remedy;  // how to get it
};

/// By name, with "-" and "_" alike; nullptr when there is none.
const DatasetInfo* find_dataset(std::string_view name);

/// One split, decoded: images are [count, channels, height, width] unsigned bytes. Copyable handle
/// of shared, immutable memory.
struct Dataset {
    const DatasetInfo* info = nullptr;
    std::int64_t count = 0;
    int channels = 1, height = 0, width = 0;
    const std::uint8_t* images = nullptr;
    const std::uint8_t* labels = nullptr;
    std::string fingerprint;  // SHA-256 of shape, images and labels
    std::shared_ptr<const void> storage;

    [[nodiscard]] std::int64_t image_bytes() const {
        return std::int64_t{channels} * height * width;
    }

    [[nodiscard]] const std::uint8_t* image(std::int64_t i) const {
        return images + i * image_bytes();
    }
};

struct DatasetRequest {
    std::string name;
    Split split = Split::train;
    std::string search_path;  // ":" between the folders; empty: see above
    std::filesystem::path
        cache_dir;  // empty, or not writable: decoded into this process's own memory
};

/// Errors: Errc::not_found (unknown name, no files: the path that was searched and the remedy),
/// Errc::corrupt.
Result<Dataset> load_dataset(const DatasetRequest& request);

}  // namespace bw::trainer
