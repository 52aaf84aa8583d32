#include "worker/trainer/data/sources.h"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string_view>

#include <sys/stat.h>

#include "base/sha256.h"
#include "base/text.h"

namespace bw::trainer {
namespace {

namespace fs = std::filesystem;

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

std::vector<std::string> file_names(ImageFormat format, Split split) {
    const bool train = split == Split::train;
    switch (format) {
        case ImageFormat::idx:
            if (train) return {"train-images-idx3-ubyte", "train-labels-idx1-ubyte"};
            return {"t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};
        case ImageFormat::cifar10:
            if (!train) return {"test_batch.bin"};
            return {
                "data_batch_1.bin",
                "data_batch_2.bin",
                "data_batch_3.bin",
                "data_batch_4.bin",
                "data_batch_5.bin"};
        case ImageFormat::cifar100:
            return {train ? "train.bin" : "test.bin"};
    }
    return {};
}

std::optional<fs::path> plain_or_compressed(const fs::path& file) {
    std::error_code ignored;
    if (fs::exists(file, ignored)) return file;
    fs::path compressed = file;
    compressed += ".gz";
    if (fs::exists(compressed, ignored)) return compressed;
    return std::nullopt;
}

/// A folder of the search path holds the data set's folder, or is that folder.
std::vector<fs::path> candidate_folders(const DatasetInfo& info, const std::string& search_path) {
    std::vector<fs::path> found;
    for (const auto& folder : split_path(search_path)) {
        for (const auto name : info.folders) {
            found.push_back(folder / name);
            if (folder.filename() == fs::path(name).filename()) found.push_back(folder);
        }
    }
    return found;
}

}  // namespace

Result<std::vector<fs::path>> find_source_files(
    const DatasetInfo& info, Split split, const std::string& search_path
) {
    const auto names = file_names(info.format, split);
    const std::string path = effective_path(search_path);
    for (const auto& folder : candidate_folders(info, path)) {
        std::vector<fs::path> found;
        std::string missing;
        for (const auto& name : names) {
            if (auto file = plain_or_compressed(folder / name)) {
                found.push_back(std::move(*file));
            } else {
                missing = name;
            }
        }
        if (missing.empty()) return found;
        if (!found.empty()) {
            return fail(
                Errc::not_found,
                "data set " + bw::quoted(info.name) + ": folder " + bw::quoted(folder.string()) +
                    " lacks the file " + missing + "[.gz]; " + std::string(info.remedy)
            );
        }
    }
    return fail(
        Errc::not_found,
        "data set " + bw::quoted(info.name) + " was not found in \"" + path + "\" (no " +
            std::string(info.folders.front()) + "/" + names.front() + "[.gz]); " +
            std::string(info.remedy)
    );
}

std::string source_key(const std::vector<fs::path>& files) {
    Sha256 hash;
    for (const auto& file : files) {
        struct stat info {};

        ::stat(file.c_str(), &info);
        hash.update(
            fs::absolute(file).string() + "|" + std::to_string(info.st_size) + "|" +
            std::to_string(info.st_mtim.tv_sec) + "." + std::to_string(info.st_mtim.tv_nsec) + "\n"
        );
    }
    return hash.hex_digest().substr(0, 16);
}

}  // namespace bw::trainer
