// Counts of the constructed networks against the reference's, and against the catalogue's.
#include "models/arch/count.h"

#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "models/arch/architectures.h"
#include "models/catalog/catalog.h"

namespace bw::models {
namespace {

nlohmann::json reference() {
    std::ifstream file(BW_TEST_DATA "/models/counts.json");
    return nlohmann::json::parse(file);
}

void expect_same(const nlohmann::json& row, const NetworkCounts& counts) {
    const auto expect = [&row](const char* key, std::int64_t ours) {
        if (!row.contains(key)) return;
        EXPECT_EQ(row.at(key).get<std::int64_t>(), ours) << key << " of " << row.dump();
    };
    expect("parameters", counts.parameters);
    expect("macs", counts.macs);
    expect("flops_seed", counts.flops_seed);
    expect("batch_norm_layers", counts.batch_norm_layers);
    expect("batch_norm_values", counts.batch_norm_values);
}

TEST(Counts, AreTheReferencesForEveryNetworkAndInput) {
    const auto rows = reference();
    ASSERT_GT(rows.size(), 300U);
    for (const auto& row : rows) {
        const auto input = row.at("input").get<std::vector<int>>();
        const InputShape shape{.channels = input[0], .height = input[1], .width = input[2]};
        const auto counts =
            count_network(row.at("name").get<std::string>(), row.at("classes"), shape);
        ASSERT_TRUE(counts.has_value()) << row.dump() << ": " << counts.error().message;
        expect_same(row, *counts);
    }
}

TEST(Counts, AreTheCataloguesForEveryNetwork) {
    for (const auto& info : catalog()) {
        const InputShape shape{
            .channels = info.channels, .height = info.resolution, .width = info.resolution};
        const auto counts = count_network(info.name, 10, shape);
        ASSERT_TRUE(counts.has_value()) << info.name << ": " << counts.error().message;
        EXPECT_EQ(counts->parameters, info.parameters) << info.name;
        EXPECT_EQ(counts->macs, info.macs) << info.name;
        EXPECT_EQ(counts->batch_norm_layers, info.batch_norm_layers) << info.name;
    }
}

TEST(Catalogue, NamesWhatCanBeBuiltAndNothingElse) {
    for (const auto& info : catalog())
        EXPECT_TRUE(find_architecture(info.name).has_value()) << info.name;
    for (const auto& architecture : architectures()) {
        const auto* info = find_model(architecture.name);
        ASSERT_NE(info, nullptr) << architecture.name;
        EXPECT_EQ(info->name, architecture.name);
    }
}

bool takes(const Architecture& architecture, const ModelInfo& info, int resolution) {
    const ParametersOn meta(torch::kMeta);
    const InputShape shape{.channels = info.channels, .height = resolution, .width = resolution};
    try {
        const auto network = architecture.construct({.classes = 10, .input = shape});
        count_calls(*network, shape);
        return true;
    } catch (const std::exception&) {  // LibTorch refuses a shape by throwing
        return false;
    }
}

TEST(Catalogue, GivesTheSmallestInputThatEachNetworkTakes) {
    for (const auto& info : catalog()) {
        const auto architecture = find_architecture(info.name);
        ASSERT_TRUE(architecture.has_value()) << info.name;
        EXPECT_TRUE(takes(*architecture, info, info.resolution_min)) << info.name;
        const auto network = count_network(
            info.name, 10, {info.channels, info.resolution_min - 1, info.resolution_min - 1}
        );
        EXPECT_FALSE(network.has_value()) << info.name;
    }
}

TEST(Build, RefusesWhatIsUnknownOrCannotBeTaken) {
    EXPECT_EQ(build_network("resnet19", 10, {}).error().code, Errc::not_found);
    EXPECT_EQ(
        build_network("lenet_bn", 10, {.channels = 1, .height = 32, .width = 32}).error().code,
        Errc::unsupported
    );
    EXPECT_EQ(build_network("cnn", 0, {}).error().code, Errc::unsupported);
}

}  // namespace
}  // namespace bw::models
