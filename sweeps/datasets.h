// The data sets that the built-in trainer reads: what the parser must know of them.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace bw::sweeps {

struct DatasetInfo {
    std::string_view name;
    int channels = 1;
    int resolution = 28;
    int classes = 10;
    std::int64_t train_samples = 0;
    std::int64_t test_samples = 0;
};

std::span<const DatasetInfo> datasets();

std::span<const std::string_view> dataset_names();

const DatasetInfo* find_dataset(std::string_view name);

}  // namespace bw::sweeps
