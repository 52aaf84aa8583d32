#include "tests/worker/trainer/data/idx_fixture.h"

#include <cstdlib>
#include <fstream>

#include "base/rng.h"

namespace bw::trainer::test {
namespace {

namespace fs = std::filesystem;

void write_split(
    const fs::path& folder, const std::string& prefix, int count, int side, std::uint64_t key
) {
    Rng rng(key);
    std::vector<std::uint8_t> images, labels;
    for (int i = 0; i < count; ++i) {
        const int label = static_cast<int>(rng.below(10));
        labels.push_back(static_cast<std::uint8_t>(label));
        for (int p = 0; p < side * side; ++p) {
            // Brightness tells the classes apart, also when an image is shifted or mirrored.
            images.push_back(static_cast<std::uint8_t>(22 * label + static_cast<int>(rng.below(50)))
            );
        }
    }
    const auto n = static_cast<std::uint32_t>(count);
    const auto s = static_cast<std::uint32_t>(side);
    write_file(folder / (prefix + "-images-idx3-ubyte"), idx_bytes({n, s, s}, images));
    write_file(folder / (prefix + "-labels-idx1-ubyte"), idx_bytes({n}, labels));
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
    std::string pattern = (fs::temp_directory_path() / "bw-trainer-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    fs::permissions(path_, fs::perms::owner_all, ignored);
    fs::remove_all(path_, ignored);
}

std::string idx_bytes(
    const std::vector<std::uint32_t>& shape, const std::vector<std::uint8_t>& data
) {
    std::string bytes = {0, 0, 8, static_cast<char>(shape.size())};
    for (const auto size : shape) {
        for (int shift = 24; shift >= 0; shift -= 8)
            bytes += static_cast<char>((size >> shift) & 0xff);
    }
    bytes.append(data.begin(), data.end());
    return bytes;
}

void write_file(const fs::path& file, const std::string& bytes) {
    std::ofstream(file, std::ios::binary) << bytes;
}

void write_fashion_mnist(const fs::path& root, const SetSize& size) {
    fs::create_directories(root / "fashion-mnist");
    write_split(root / "fashion-mnist", "train", size.train, size.side, 1);
    write_split(root / "fashion-mnist", "t10k", size.test, size.side, 2);
}

}  // namespace bw::trainer::test
