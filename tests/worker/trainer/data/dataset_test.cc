// IDX files and the data sets made from them: what is read, and what a damaged or missing file
// says.
#include "worker/trainer/data/dataset.h"

#include <cstring>
#include <fstream>

#include <gtest/gtest.h>
#include <zlib.h>

#include "tests/worker/trainer/data/idx_fixture.h"
#include "worker/trainer/data/idx.h"

namespace bw::trainer {
namespace {

namespace fs = std::filesystem;
using test::idx_bytes;
using test::TemporaryFolder;
using test::write_fashion_mnist;
using test::write_file;

void write_gz(const fs::path& file, const std::string& bytes) {
    gzFile handle = gzopen(file.c_str(), "wb");
    gzwrite(handle, bytes.data(), static_cast<unsigned>(bytes.size()));
    gzclose(handle);
}

std::string content_of(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

TEST(Idx, ReadsPlainAndCompressedFilesAlike) {
    const TemporaryFolder folder;
    const std::string bytes = idx_bytes({2, 3}, {1, 2, 3, 4, 5, 6});
    write_file(folder.path() / "plain", bytes);
    write_gz(folder.path() / "packed.gz", bytes);
    for (const char* name : {"plain", "packed.gz"}) {
        const auto array = read_idx(folder.path() / name);
        ASSERT_TRUE(array) << array.error().message;
        EXPECT_EQ(array->shape, (std::vector<std::int64_t>{2, 3}));
        EXPECT_EQ(array->bytes, (std::vector<std::uint8_t>{1, 2, 3, 4, 5, 6}));
    }
}

TEST(Idx, ATruncatedFileNamesWantedAndFoundBytes) {
    const TemporaryFolder folder;
    write_file(folder.path() / "cut", idx_bytes({2, 3}, {1, 2, 3, 4}));
    const auto array = read_idx(folder.path() / "cut");
    ASSERT_FALSE(array);
    EXPECT_EQ(array.error().code, Errc::corrupt);
    EXPECT_NE(
        array.error().message.find("expected 6 bytes of data (2 x 3), found 4"), std::string::npos
    ) << array.error().message;
    EXPECT_NE(array.error().message.find("cut"), std::string::npos);
}

TEST(Idx, ATruncatedCompressedFileIsNoticed) {
    const TemporaryFolder folder;
    std::vector<std::uint8_t> data(5000);
    for (std::size_t i = 0; i < data.size(); ++i)
        data[i] = static_cast<std::uint8_t>(i * i * 31 % 251);
    write_gz(folder.path() / "whole.gz", idx_bytes({5000}, data));
    const std::string bytes = content_of(folder.path() / "whole.gz");
    for (const std::size_t keep : {std::size_t{12}, bytes.size() / 2, bytes.size() - 4}) {
        write_file(folder.path() / "cut.gz", bytes.substr(0, keep));
        const auto array = read_idx(folder.path() / "cut.gz");
        ASSERT_FALSE(array) << keep;
        EXPECT_EQ(array.error().code, Errc::corrupt);
    }
}

TEST(Idx, OtherContentIsRefused) {
    const TemporaryFolder folder;
    write_file(folder.path() / "longer", idx_bytes({2}, {1, 2, 3}));
    write_file(folder.path() / "text", "hello, this is no IDX file");
    write_file(folder.path() / "empty", "");
    write_file(folder.path() / "huge", idx_bytes({0xffffffff, 0xffffffff, 0xffffffff}, {}));
    for (const char* name : {"longer", "text", "empty", "huge"}) {
        const auto array = read_idx(folder.path() / name);
        ASSERT_FALSE(array) << name;
        EXPECT_EQ(array.error().code, Errc::corrupt) << name;
    }
    EXPECT_EQ(read_idx(folder.path() / "absent").error().code, Errc::not_found);
}

DatasetRequest request(const TemporaryFolder& folder) {
    return {
        .name = "fashion_mnist",
        .split = Split::train,
        .search_path = folder.path().string(),
        .cache_dir = {}};
}

TEST(Dataset, MissingFilesNameTheSearchPathAndTheRemedy) {
    const TemporaryFolder folder;
    const auto dataset = load_dataset(request(folder));
    ASSERT_FALSE(dataset);
    EXPECT_EQ(dataset.error().code, Errc::not_found);
    EXPECT_NE(dataset.error().message.find(folder.path().string()), std::string::npos);
    EXPECT_NE(
        dataset.error().message.find("apt-get install dataset-fashion-mnist"), std::string::npos
    );
}

TEST(Dataset, AnUnknownNameSuggestsTheNearest) {
    const auto dataset = load_dataset(
        {.name = "fashion_mnits", .split = Split::train, .search_path = {}, .cache_dir = {}}
    );
    ASSERT_FALSE(dataset);
    EXPECT_NE(dataset.error().message.find("fashion_mnist"), std::string::npos)
        << dataset.error().message;
}

TEST(Dataset, AMissingCompanionFileIsNamed) {
    const TemporaryFolder folder;
    write_fashion_mnist(folder.path(), {});
    fs::remove(folder.path() / "fashion-mnist" / "train-labels-idx1-ubyte");
    const auto dataset = load_dataset(request(folder));
    ASSERT_FALSE(dataset);
    EXPECT_NE(dataset.error().message.find("train-labels-idx1-ubyte"), std::string::npos);
}

TEST(Dataset, CountsThatDifferAndLabelsOutsideTheClassesAreRefused) {
    const TemporaryFolder folder;
    write_fashion_mnist(folder.path(), {});
    const auto labels = folder.path() / "fashion-mnist" / "train-labels-idx1-ubyte";
    write_file(labels, idx_bytes({3}, {1, 2, 3}));
    EXPECT_EQ(load_dataset(request(folder)).error().code, Errc::corrupt);
    write_file(labels, idx_bytes({96}, std::vector<std::uint8_t>(96, 10)));
    EXPECT_NE(load_dataset(request(folder)).error().message.find("label 10"), std::string::npos);
}

TEST(Dataset, TheDecodedFileIsSharedAndEqualToTheSource) {
    const TemporaryFolder folder;
    write_fashion_mnist(folder.path(), {});
    auto cached = request(folder);
    cached.cache_dir = folder.path() / "cache";
    const auto direct = load_dataset(request(folder));
    const auto first = load_dataset(cached);
    const auto second = load_dataset(cached);
    ASSERT_TRUE(direct && first && second);
    EXPECT_EQ(std::distance(fs::directory_iterator(cached.cache_dir), fs::directory_iterator()), 1);
    for (const auto* other : {&*first, &*second}) {
        EXPECT_EQ(other->fingerprint, direct->fingerprint);
        ASSERT_EQ(other->count, 96);
        EXPECT_EQ(std::memcmp(other->images, direct->images, 96 * 12 * 12), 0);
        EXPECT_EQ(std::memcmp(other->labels, direct->labels, 96), 0);
    }
}

TEST(Dataset, ACutDecodedFileIsWrittenAnew) {
    const TemporaryFolder folder;
    write_fashion_mnist(folder.path(), {});
    auto cached = request(folder);
    cached.cache_dir = folder.path() / "cache";
    const auto whole = load_dataset(cached)->fingerprint;
    const auto file = fs::directory_iterator(cached.cache_dir)->path();
    fs::resize_file(file, 5000);
    EXPECT_EQ(load_dataset(cached)->fingerprint, whole);
    EXPECT_EQ(fs::file_size(file), 4096u + 96 * (12 * 12 + 1));
}

TEST(Dataset, AReplacedSourceIsDecodedAgain) {
    const TemporaryFolder folder;
    write_fashion_mnist(folder.path(), {});
    auto cached = request(folder);
    cached.cache_dir = folder.path() / "cache";
    const auto before = load_dataset(cached)->fingerprint;
    write_fashion_mnist(folder.path(), {.train = 50});
    const auto after = load_dataset(cached);
    EXPECT_EQ(after->count, 50);
    EXPECT_NE(after->fingerprint, before);
}

std::string cifar_records(std::size_t label_bytes, int count) {
    std::string bytes;
    for (int i = 0; i < count; ++i) {
        bytes += std::string(label_bytes - 1, '\7') + static_cast<char>(i % 10);
        bytes += std::string(3072, static_cast<char>(i));
    }
    return bytes;
}

TEST(Dataset, ReadsCifarsBinaryFiles) {
    const TemporaryFolder folder;
    fs::create_directories(folder.path() / "cifar10");
    fs::create_directories(folder.path() / "cifar100");
    for (int i = 1; i <= 5; ++i) {
        const auto file = folder.path() / "cifar10" / ("data_batch_" + std::to_string(i) + ".bin");
        write_file(file, cifar_records(1, 4));
    }
    write_gz(folder.path() / "cifar100" / "train.bin.gz", cifar_records(2, 9));
    auto wanted = request(folder);
    wanted.name = "cifar10";
    const auto ten = load_dataset(wanted);
    ASSERT_TRUE(ten) << ten.error().message;
    EXPECT_EQ(ten->count, 20);
    EXPECT_EQ(ten->channels, 3);
    EXPECT_EQ(ten->labels[6], 2);
    EXPECT_EQ(ten->image(6)[3071], 2);
    wanted.name = "cifar100";
    const auto hundred = load_dataset(wanted);
    ASSERT_TRUE(hundred) << hundred.error().message;
    EXPECT_EQ(hundred->count, 9);
    EXPECT_EQ(hundred->labels[8], 8);
    EXPECT_EQ(hundred->image(8)[0], 8);
    write_file(folder.path() / "cifar10" / "data_batch_3.bin", cifar_records(1, 4).substr(1));
    wanted.name = "cifar10";
    EXPECT_NE(
        load_dataset(wanted).error().message.find("records of 3073 bytes, found 12291"),
        std::string::npos
    );
}

TEST(Dataset, WithoutAWritableCacheItIsDecodedIntoMemory) {
    const TemporaryFolder folder;
    write_fashion_mnist(folder.path(), {});
    write_file(folder.path() / "occupied", "a file, no folder");
    auto cached = request(folder);
    cached.cache_dir = folder.path() / "occupied" / "cache";
    const auto dataset = load_dataset(cached);
    ASSERT_TRUE(dataset) << dataset.error().message;
    EXPECT_EQ(dataset->count, 96);
}

}  // namespace
}  // namespace bw::trainer
