#include "sweeps/datasets.h"

#include <array>

namespace bw::sweeps {
namespace {

constexpr std::array kDatasets = {
    DatasetInfo{"cifar10", 3, 32, 10, 50'000, 10'000},
    DatasetInfo{"cifar100", 3, 32, 100, 50'000, 10'000},
    DatasetInfo{"fashion_mnist", 1, 28, 10, 60'000, 10'000},
    DatasetInfo{"mnist", 1, 28, 10, 60'000, 10'000},
};

}  // namespace

std::span<const DatasetInfo> datasets() { return kDatasets; }

std::span<const std::string_view> dataset_names() {
    static constexpr auto kNames = [] {
        std::array<std::string_view, kDatasets.size()> names;
        for (std::size_t i = 0; i < names.size(); ++i) names[i] = kDatasets[i].name;
        return names;
    }();
    return kNames;
}

const DatasetInfo* find_dataset(std::string_view name) {
    for (const DatasetInfo& dataset : kDatasets) {
        if (dataset.name == name) return &dataset;
    }
    return nullptr;
}

}  // namespace bw::sweeps
