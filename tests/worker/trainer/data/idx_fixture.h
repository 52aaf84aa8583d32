// Small data sets in IDX form, written into a folder of the test's own.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace bw::trainer::test {

/// Removed with everything in it on destruction.
class TemporaryFolder {
public:
    TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder();

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

struct SetSize {
    int train = 96, test = 40, side = 12;
};

/// The bytes of an IDX file of unsigned bytes.
std::string idx_bytes(
    const std::vector<std::uint32_t>& shape, const std::vector<std::uint8_t>& data
);

void write_file(const std::filesystem::path& file, const std::string& bytes);

/// <root>/fashion-mnist with four plain IDX files: ten classes that a network can tell apart, with
/// noise.
void write_fashion_mnist(const std::filesystem::path& root, const SetSize& size);

}  // namespace bw::trainer::test
