#include "worker/trainer/data/decode.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/text.h"
#include "worker/trainer/data/idx.h"

namespace bw::trainer {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kCifarSide = 32;
constexpr std::size_t kCifarImageBytes = 3 * kCifarSide * kCifarSide;

Result<DecodedImages> decode_idx(const fs::path& image_file, const fs::path& label_file) {
    auto images = read_idx(image_file);
    if (!images) return images.error();
    auto labels = read_idx(label_file);
    if (!labels) return labels.error();
    if (images->shape.size() != 3 || labels->shape.size() != 1 ||
        images->shape[0] != labels->shape[0]) {
        return fail(
            Errc::corrupt,
            "files " + bw::quoted(image_file.string()) + " and " + bw::quoted(label_file.string()) +
                " do not belong together: " + std::to_string(images->shape[0]) + " images, " +
                std::to_string(labels->shape[0]) + " labels"
        );
    }
    return DecodedImages{
        .channels = 1,
        .height = static_cast<int>(images->shape[1]),
        .width = static_cast<int>(images->shape[2]),
        .images = std::move(images->bytes),
        .labels = std::move(labels->bytes)};
}

/// The last of a record's label bytes is the one that is trained on.
Result<DecodedImages> decode_cifar(const std::vector<fs::path>& files, std::size_t label_bytes) {
    DecodedImages decoded{
        .channels = 3,
        .height = static_cast<int>(kCifarSide),
        .width = static_cast<int>(kCifarSide),
        .images = {},
        .labels = {}};
    const std::size_t record = label_bytes + kCifarImageBytes;
    for (const auto& file : files) {
        auto bytes = read_bytes(file);
        if (!bytes) return bytes.error();
        if (bytes->empty() || bytes->size() % record != 0) {
            return fail(
                Errc::corrupt,
                "file " + bw::quoted(file.string()) + ": expected records of " +
                    std::to_string(record) + " bytes, found " + std::to_string(bytes->size()) +
                    " bytes: it is damaged; download or install it again"
            );
        }
        for (auto at = bytes->begin(); at != bytes->end();
             at += static_cast<std::ptrdiff_t>(record)) {
            const auto image = at + static_cast<std::ptrdiff_t>(label_bytes);
            decoded.labels.push_back(*(image - 1));
            decoded.images.insert(
                decoded.images.end(), image, at + static_cast<std::ptrdiff_t>(record)
            );
        }
    }
    return decoded;
}

Result<DecodedImages> decode_any(ImageFormat format, const std::vector<fs::path>& files) {
    switch (format) {
        case ImageFormat::idx:
            return decode_idx(files[0], files[1]);
        case ImageFormat::cifar10:
            return decode_cifar(files, 1);
        case ImageFormat::cifar100:
            return decode_cifar(files, 2);
    }
    return fail(Errc::unsupported, "unknown image format");
}

}  // namespace

Result<DecodedImages> decode_files(const DatasetInfo& info, const std::vector<fs::path>& files) {
    auto decoded = decode_any(info.format, files);
    if (!decoded) return decoded;
    const auto wrong =
        std::ranges::find_if(decoded->labels, [&](auto label) { return label >= info.classes; });
    if (wrong != decoded->labels.end()) {
        return fail(
            Errc::corrupt,
            "file " + bw::quoted(files.back().string()) + ": label " + std::to_string(*wrong) +
                " is outside the data set's " + std::to_string(info.classes) + " classes"
        );
    }
    return decoded;
}

}  // namespace bw::trainer
