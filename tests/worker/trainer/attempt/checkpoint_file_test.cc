// Checkpoint files: a round trip, and that no damaged byte goes unnoticed.
#include "worker/trainer/attempt/checkpoint_file.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/worker/trainer/data/idx_fixture.h"

namespace bw::trainer {
namespace {

namespace fs = std::filesystem;

template <class T>
TensorBytes tensor(
    const char* name,
    const char* dtype,
    std::vector<std::int64_t> shape,
    const std::vector<T>& values
) {
    return {
        .name = name,
        .dtype = dtype,
        .shape = std::move(shape),
        .bytes = {reinterpret_cast<const std::uint8_t*>(values.data()), values.size() * sizeof(T)}};
}

class CheckpointFileTest : public testing::Test {
protected:
    void write(const fs::path& file) {
        const std::vector<TensorBytes> tensors = {
            tensor("fc.weight", "F32", {2, 3}, weights_), tensor("tracked", "I64", {}, tracked_)};
        const auto written =
            write_checkpoint(file, {{"step", "12"}, {"note", "a \"quoted\" text"}}, tensors);
        ASSERT_TRUE(written) << written.error().message;
    }

    static std::string bytes_of(const fs::path& file) {
        std::ifstream in(file, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    }

    test::TemporaryFolder folder_;
    std::vector<float> weights_ = {1, -2, 3.5F, 0, 1e-30F, 7};
    std::vector<std::int64_t> tracked_ = {42};
};

TEST_F(CheckpointFileTest, ARoundTripKeepsEverything) {
    const auto file = checkpoint_path(folder_.path(), 12);
    EXPECT_EQ(file.filename(), "step-12.safetensors");
    write(file);
    const auto read = read_checkpoint(file);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->metadata, (Metadata{{"step", "12"}, {"note", "a \"quoted\" text"}}));
    ASSERT_EQ(read->tensors.size(), 2u);
    const TensorBytes* weight = read->find("fc.weight");
    ASSERT_NE(weight, nullptr);
    EXPECT_EQ(weight->dtype, "F32");
    EXPECT_EQ(weight->shape, (std::vector<std::int64_t>{2, 3}));
    EXPECT_EQ(std::memcmp(weight->bytes.data(), weights_.data(), 24), 0);
    EXPECT_EQ(read->find("tracked")->shape, std::vector<std::int64_t>{});
    EXPECT_EQ(read->find("other"), nullptr);
    EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator()), 1);
}

TEST_F(CheckpointFileTest, HasTheLayoutOfSafetensors) {
    write(folder_.path() / "c");
    const std::string bytes = bytes_of(folder_.path() / "c");
    std::uint64_t length = 0;
    std::memcpy(&length, bytes.data(), 8);
    EXPECT_EQ(length % 8, 0u);
    ASSERT_EQ(bytes.size(), 8 + length + 24 + 8);
    EXPECT_EQ(bytes[8], '{');
    EXPECT_EQ(std::memcmp(bytes.data() + 8 + length, weights_.data(), 24), 0);
    EXPECT_NE(
        bytes.find(R"("fc.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]})"),
        std::string::npos
    );
}

TEST_F(CheckpointFileTest, EveryFlippedBitIsNoticed) {
    write(folder_.path() / "c");
    const std::string whole = bytes_of(folder_.path() / "c");
    std::uint64_t length = 0;
    std::memcpy(&length, whole.data(), 8);
    int accepted = 0;
    for (std::size_t i = 0; i < whole.size(); ++i) {
        std::string damaged = whole;
        damaged[i] = static_cast<char>(damaged[i] ^ 1);
        if (damaged.substr(8, length).find_last_not_of(' ') < i - 8 && i < 8 + length)
            continue;  // padding
        test::write_file(folder_.path() / "d", damaged);
        const auto read = read_checkpoint(folder_.path() / "d");
        accepted += read.has_value();
        EXPECT_TRUE(read || read.error().code == Errc::corrupt);
    }
    EXPECT_EQ(accepted, 0);
}

TEST_F(CheckpointFileTest, EveryTruncationIsNoticed) {
    write(folder_.path() / "c");
    const std::string whole = bytes_of(folder_.path() / "c");
    for (std::size_t keep = 0; keep < whole.size(); keep += 7) {
        test::write_file(folder_.path() / "d", whole.substr(0, keep));
        const auto read = read_checkpoint(folder_.path() / "d");
        ASSERT_FALSE(read) << keep;
        EXPECT_EQ(read.error().code, Errc::corrupt);
        EXPECT_NE(read.error().message.find("is damaged"), std::string::npos)
            << read.error().message;
    }
}

TEST_F(CheckpointFileTest, AFailedWriteLeavesTheEarlierFile) {
    write(folder_.path() / "c");
    const auto before = bytes_of(folder_.path() / "c");
    EXPECT_EQ(write_checkpoint(folder_.path() / "absent" / "c", {}, {}).error().code, Errc::io);
    EXPECT_EQ(bytes_of(folder_.path() / "c"), before);
    EXPECT_EQ(read_checkpoint(folder_.path() / "other").error().code, Errc::not_found);
}

TEST_F(CheckpointFileTest, OnlyOlderCheckpointsAreRemoved) {
    for (const int step : {5, 9, 10, 100}) write(checkpoint_path(folder_.path(), step));
    test::write_file(folder_.path() / "curve.csv", "x");
    test::write_file(folder_.path() / "step-x.safetensors", "x");
    remove_checkpoints_before(folder_.path(), 10);
    EXPECT_FALSE(fs::exists(checkpoint_path(folder_.path(), 5)));
    EXPECT_FALSE(fs::exists(checkpoint_path(folder_.path(), 9)));
    for (const char* kept :
         {"step-10.safetensors", "step-100.safetensors", "curve.csv", "step-x.safetensors"}) {
        EXPECT_TRUE(fs::exists(folder_.path() / kept)) << kept;
    }
}

TEST(RunStateText, DoublesRoundTripExactlyAndMissingFieldsAreNamed) {
    RunState state{
        .step = 7, .loss_sum = 0.1 + 0.2, .correct = 3, .samples = 1e17, .step_samples_min = 96};
    Metadata metadata;
    write_run_state(state, metadata);
    const auto read = read_run_state(metadata);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->step, 7);
    EXPECT_EQ(
        std::bit_cast<std::uint64_t>(read->loss_sum), std::bit_cast<std::uint64_t>(state.loss_sum)
    );
    EXPECT_EQ(read->samples, 1e17);
    EXPECT_TRUE(std::isnan(read->test_loss));
    metadata["epoch_loss_sum"] = "x";
    EXPECT_NE(read_run_state(metadata).error().message.find("epoch_loss_sum"), std::string::npos);
    metadata.erase("epoch_loss_sum");
    EXPECT_EQ(read_run_state(metadata).error().code, Errc::corrupt);
}

}  // namespace
}  // namespace bw::trainer
