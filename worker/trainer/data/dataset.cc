#include "worker/trainer/data/dataset.h"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <utility>
#include <vector>

#include <sys/stat.h>

#include "base/sha256.h"
#include "base/text.h"
#include "worker/trainer/data/cache.h"
#include "worker/trainer/data/idx.h"

namespace bw::trainer {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFashionFolders[] = {
    "fashion-mnist", "fashion_mnist", "FashionMNIST/raw", "FashionMNIST"};
constexpr std::string_view kMnistFolders[] = {"mnist", "MNIST/raw", "MNIST"};

constexpr DatasetInfo kDatasets[] = {
    {.name = "fashion_mnist",
     .folders = kFashionFolders,
     .mean = {0.2860, 0.2860, 0.2860},
     .stddev = {0.3530, 0.3530, 0.3530},
     .classes = 10,
     .remedy = "apt-get install dataset-fashion-mnist"},
    {.name = "mnist",
     .folders = kMnistFolders,
     .mean = {0.1307, 0.1307, 0.1307},
     .stddev = {0.3081, 0.3081, 0.3081},
     .classes = 10,
     .remedy = "put MNIST's four IDX files into a folder mnist of that path"},
};

std::vector<fs::path> split_path(std::string_view text) {
    std::vector<fs::path> folders;
    while (!text.empty()) {
        const auto end = std::min(text.find(':'), text.size());
        if (end > 0) folders.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return folders;
}

std::string effective_path(const std::string& given) {
    if (!given.empty()) return given;
    if (const char* path = std::getenv("BATCHWRIGHT_DATA"); path != nullptr && *path != '\0')
        return path;
    const char* home = std::getenv("HOME");
    return "./data:" + std::string(home != nullptr ? home : "") +
           "/.local/share/batchwright/data:/usr/share/datasets";
}

struct SourceFiles {
    fs::path images, labels;
};

std::optional<fs::path> plain_or_compressed(const fs::path& file) {
    std::error_code ignored;
    if (fs::exists(file, ignored)) return file;
    fs::path compressed = file;
    compressed += ".gz";
    if (fs::exists(compressed, ignored)) return compressed;
    return std::nullopt;
}

/// A folder of the search path holds the data set's folder, or is that folder.
std::vector<fs::path> candidate_folders(
    const DatasetInfo& info, const std::vector<fs::path>& path
) {
    std::vector<fs::path> found;
    for (const auto& folder : path) {
        for (const auto name : info.folders) {
            found.push_back(folder / name);
            if (folder.filename() == fs::path(name).filename()) found.push_back(folder);
        }
    }
    return found;
}

Result<SourceFiles> find_files(
    const DatasetInfo& info, Split split, const std::string& search_path
) {
    const std::string prefix = split == Split::train ? "train" : "t10k";
    for (const auto& folder : candidate_folders(info, split_path(search_path))) {
        auto images = plain_or_compressed(folder / (prefix + "-images-idx3-ubyte"));
        auto labels = plain_or_compressed(folder / (prefix + "-labels-idx1-ubyte"));
        if (images && labels) return SourceFiles{std::move(*images), std::move(*labels)};
        if (images || labels) {
            return fail(
                Errc::not_found,
                "data set " + bw::quoted(info.name) + ": folder " + bw::quoted(folder.string()) +
                    " lacks the file " + prefix +
                    (images ? "-labels-idx1-ubyte" : "-images-idx3-ubyte") + "[.gz]; " +
                    std::string(info.remedy)
            );
        }
    }
    return fail(
        Errc::not_found,
        "data set " + bw::quoted(info.name) + " was not found in " + bw::quoted(search_path) + " (no " +
            std::string(info.folders.front()) + "/" + prefix + "-images-idx3-ubyte[.gz]); " +
            std::string(info.remedy)
    );
}

/// Changes whenever a source file is replaced, so a stale decoded file is never used.
std::string source_key(const SourceFiles& files) {
    Sha256 hash;
    for (const auto& file : {files.images, files.labels}) {
        struct stat info {};

        ::stat(file.c_str(), &info);
        hash.update(
            fs::absolute(file).string() + "|" + std::to_string(info.st_size) + "|" +
            std::to_string(info.st_mtim.tv_sec) + "." + std::to_string(info.st_mtim.tv_nsec) + "\n"
        );
    }
    return hash.hex_digest().substr(0, 16);
}

Result<DecodedImages> decode(const DatasetInfo& info, const SourceFiles& files) {
    auto images = read_idx(files.images);
    if (!images) return images.error();
    auto labels = read_idx(files.labels);
    if (!labels) return labels.error();
    if (images->shape.size() != 3 || labels->shape.size() != 1 ||
        images->shape[0] != labels->shape[0]) {
        return fail(
            Errc::corrupt,
            "files " + bw::quoted(files.images.string()) + " and " + bw::quoted(files.labels.string()) +
                " do not belong together: " + std::to_string(images->shape[0]) + " images, " +
                std::to_string(labels->shape[0]) + " labels"
        );
    }
    const auto wrong =
        std::ranges::find_if(labels->bytes, [&](auto label) { return label >= info.classes; });
    if (wrong != labels->bytes.end()) {
        return fail(
            Errc::corrupt,
            "file " + bw::quoted(files.labels.string()) + ": label " + std::to_string(*wrong) +
                " is outside the data set's " + std::to_string(info.classes) + " classes"
        );
    }
    return DecodedImages{
        .channels = 1,
        .height = static_cast<int>(images->shape[1]),
        .width = static_cast<int>(images->shape[2]),
        .images = std::move(images->bytes),
        .labels = std::move(labels->bytes)};
}

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
    auto files = find_files(*info, request.split, effective_path(request.search_path));
    if (!files) return files.error();
    const std::string split = request.split == Split::train ? "-train-" : "-test-";
    const fs::path cache_file =
        request.cache_dir.empty()
            ? fs::path()
            : request.cache_dir / (std::string(info->name) + split + source_key(*files) + ".bin");
    if (!cache_file.empty()) {
        if (auto cached = open_decoded(cache_file, info)) return *cached;
    }
    auto decoded = decode(*info, *files);
    if (!decoded) return decoded.error();
    if (!cache_file.empty() && store_decoded(cache_file, *decoded)) {
        if (auto cached = open_decoded(cache_file, info)) return *cached;
    }
    return keep_decoded(std::move(*decoded), *info);
}

}  // namespace bw::trainer
