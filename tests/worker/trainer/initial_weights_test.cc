// Weights from a file: ours, another program's, and what does not fit.
#include "worker/trainer/initial_weights.h"

#include <cstring>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <torch/torch.h>

#include "worker/trainer/model_state.h"

namespace bw::trainer {
namespace {

namespace fs = std::filesystem;

std::shared_ptr<models::Network> network_of(const char* name, std::uint64_t seed) {
    torch::manual_seed(seed);
    auto network = models::build_network(name, 10, {.channels = 1, .height = 28, .width = 28});
    EXPECT_TRUE(network.has_value());
    return *network;
}

class InitialWeights : public testing::Test {
protected:
    InitialWeights()
        : folder_(
              fs::path(testing::TempDir()) /
              ("bw_weights_" +
               std::string(testing::UnitTest::GetInstance()->current_test_info()->name()))
          ) {
        fs::create_directories(folder_);
    }

    ~InitialWeights() override { fs::remove_all(folder_); }

    [[nodiscard]] fs::path file() const { return folder_ / "weights.safetensors"; }

    /// As Python's safetensors writes: no metadata.
    void write_plain(const std::vector<TensorBytes>& tensors) const {
        nlohmann::ordered_json header;
        std::size_t offset = 0;
        for (const auto& tensor : tensors) {
            header[tensor.name] = {
                {"dtype", tensor.dtype},
                {"shape", tensor.shape},
                {"data_offsets", {offset, offset + tensor.bytes.size()}}};
            offset += tensor.bytes.size();
        }
        const std::string text = header.dump();
        const std::uint64_t length = text.size();
        std::ofstream out(file(), std::ios::binary);
        out.write(reinterpret_cast<const char*>(&length), sizeof length);
        out << text;
        for (const auto& tensor : tensors) {
            out.write(
                reinterpret_cast<const char*>(tensor.bytes.data()),
                static_cast<std::streamsize>(tensor.bytes.size())
            );
        }
    }

    fs::path folder_;
};

TEST_F(InitialWeights, OfACheckpointAreRead) {
    const auto from = network_of("lenet_bn", 1);
    const auto to = network_of("lenet_bn", 2);
    ASSERT_NE(digest_of(weights_of(*from)), digest_of(weights_of(*to)));
    std::vector<torch::Tensor> hold;
    auto tensors = weights_of(*from);
    tensors.push_back({"optimizer.momentum.fc.weight", torch::zeros({3})});
    ASSERT_TRUE(write_checkpoint(file(), {{"step", "7"}}, bytes_of(tensors, hold)).has_value());
    ASSERT_TRUE(load_weights(file(), *to).has_value());
    EXPECT_EQ(digest_of(weights_of(*from)), digest_of(weights_of(*to)));
}

TEST_F(InitialWeights, OfAnotherProgramMayBeOfAnotherTypeAndLackCounters) {
    const auto from = network_of("cnn", 1);
    const auto to = network_of("cnn", 2);
    std::vector<NamedTensor> tensors;
    for (auto& [name, tensor] : weights_of(*from)) {
        if (tensor.is_floating_point()) tensors.push_back({name, tensor.to(torch::kDouble)});
    }
    std::vector<torch::Tensor> hold;
    write_plain(bytes_of(tensors, hold));
    ASSERT_TRUE(load_weights(file(), *to).has_value());
    EXPECT_EQ(digest_of(weights_of(*from)), digest_of(weights_of(*to)));
}

TEST_F(InitialWeights, ThatDoNotFitAreNamedAndChangeNothing) {
    const auto network = network_of("cnn", 1);
    const std::string before = digest_of(weights_of(*network));
    auto tensors = weights_of(*network);
    tensors.erase(tensors.begin());
    tensors.front().tensor = torch::zeros({2, 3});
    tensors.push_back({"extra", torch::zeros({1})});
    std::vector<torch::Tensor> hold;
    write_plain(bytes_of(tensors, hold));
    const auto loaded = load_weights(file(), *network);
    ASSERT_FALSE(loaded.has_value());
    EXPECT_EQ(loaded.error().code, Errc::invalid_input);
    for (const char* part : {"features.0.weight", "[2, 3]", "extra"})
        EXPECT_NE(loaded.error().message.find(part), std::string::npos) << loaded.error().message;
    EXPECT_EQ(digest_of(weights_of(*network)), before);
    EXPECT_EQ(load_weights(folder_ / "none", *network).error().code, Errc::not_found);
}

TEST_F(InitialWeights, ThatWereDamagedAreRefused) {
    const auto network = network_of("cnn", 1);
    std::vector<torch::Tensor> hold;
    ASSERT_TRUE(write_checkpoint(file(), {}, bytes_of(weights_of(*network), hold)).has_value());
    std::fstream damaged(file(), std::ios::in | std::ios::out | std::ios::binary);
    damaged.seekp(-3, std::ios::end);
    damaged.put('x');
    damaged.close();
    EXPECT_EQ(load_weights(file(), *network).error().code, Errc::corrupt);
}

TEST(ExportedWeights, HaveTheLibrarysNamesAndTypes) {
    const models::ParametersOn meta(torch::kMeta);
    const auto network =
        models::construct_network("vit_b_16", 10, {.channels = 3, .height = 32, .width = 32});
    ASSERT_TRUE(network.has_value());
    const auto tensors = exported_weights_of(**network);
    EXPECT_EQ(tensors.front().name, "class_token");
    EXPECT_EQ(tensors[1].name, "conv_proj.weight");
    EXPECT_EQ(tensors[4].name, "encoder.layers.encoder_layer_0.ln_1.weight");
    EXPECT_EQ(tensors[6].name, "encoder.layers.encoder_layer_0.self_attention.in_proj_weight");
    EXPECT_EQ(tensors.back().name, "heads.head.bias");
}

TEST(MoveTo, LeavesCountersIntegers) {
    const auto network = network_of("lenet_bn", 1);
    network->move_to(torch::kCPU, torch::kDouble);
    for (const auto& [name, tensor] : weights_of(*network)) {
        const bool is_counter = name.ends_with("num_batches_tracked");
        EXPECT_EQ(tensor.scalar_type(), is_counter ? torch::kLong : torch::kDouble) << name;
    }
}

}  // namespace
}  // namespace bw::trainer
