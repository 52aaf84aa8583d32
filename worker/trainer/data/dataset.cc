#include "worker/trainer/data/dataset.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/text.h"
#include "worker/trainer/data/cache.h"
#include "worker/trainer/data/decode.h"
#include "worker/trainer/data/sources.h"

namespace bw::trainer {
namespace {

constexpr std::string_view kFashionFolders[] = {
    "fashion-mnist", "fashion_mnist", "FashionMNIST/raw", "FashionMNIST"};
constexpr std::string_view kMnistFolders[] = {"mnist", "MNIST/raw", "MNIST"};
constexpr std::string_view kCifar10Folders[] = {"cifar-10-batches-bin", "cifar10", "cifar-10"};
constexpr std::string_view kCifar100Folders[] = {"cifar-100-binary", "cifar100", "cifar-100"};

constexpr DatasetInfo kDatasets[] = {
    {.name = "fashion_mnist",
     .folders = kFashionFolders,
     .mean = {0.2860, 0.2860, 0.2860},
     .stddev = {0.3530, 0.3530, 0.3530},
     .classes = 10,
     .format = ImageFormat::idx,
     .remedy = "apt-get install dataset-fashion-mnist"},
    {.name = "mnist",
     .folders = kMnistFolders,
     .mean = {0.1307, 0.1307, 0.1307},
     .stddev = {0.3081, 0.3081, 0.3081},
     .classes = 10,
     .format = ImageFormat::idx,
     .remedy = "put MNIST's four IDX files into a folder mnist of that path"},
    {.name = "cifar10",
     .folders = kCifar10Folders,
     .mean = {0.4914, 0.4822, 0.4465},
     .stddev = {0.2470, 0.2435, 0.2616},
     .classes = 10,
     .format = ImageFormat::cifar10,
     .remedy = "unpack cifar-10-binary.tar.gz (www.cs.toronto.edu/~kriz/cifar.html) into a folder "
               "of that path"},
    {.name = "cifar100",
     .folders = kCifar100Folders,
     .mean = {0.5071, 0.4865, 0.4409},
     .stddev = {0.2673, 0.2564, 0.2762},
     .classes = 100,
     .format = ImageFormat::cifar100,
     .remedy = "unpack cifar-100-binary.tar.gz (www.cs.toronto.edu/~kriz/cifar.html) into a folder "
               "of that path"},
};

}  // namespace

const DatasetInfo* find_dataset(std::string_view name) {
    std::string canonical(name);
    std::ranges::replace(canonical, '-', '_');
    const auto* found =
        std::ranges::find(kDatasets, std::string_view(canonical), &DatasetInfo::name);
    return found == std::end(kDatasets) ? nullptr : found;
}

Result<Dataset> load_dataset(const DatasetRequest& request) {
    const DatasetInfo* info = find_dataset(request.name);
    if (info == nullptr) {
        std::vector<std::string_view> known;
        for (const auto& entry : kDatasets) known.push_back(entry.name);
        return fail(
            Errc::not_found,
            "unknown data set " + bw::quoted(request.name) + did_you_mean(request.name, known)
        );
    }
    auto files = find_source_files(*info, request.split, request.search_path);
    if (!files) return files.error();
    const std::string split = request.split == Split::train ? "-train-" : "-test-";
    std::filesystem::path cache_file;
    if (!request.cache_dir.empty()) {
        cache_file =
            request.cache_dir / (std::string(info->name) + split + source_key(*files) + ".bin");
        if (auto cached = open_decoded(cache_file, info)) return *cached;
    }
    auto decoded = decode_files(*info, *files);
    if (!decoded) return decoded.error();
    if (!cache_file.empty() && store_decoded(cache_file, *decoded)) {
        if (auto cached = open_decoded(cache_file, info)) return *cached;
    }
    return keep_decoded(std::move(*decoded), *info);
}

}  // namespace bw::trainer
