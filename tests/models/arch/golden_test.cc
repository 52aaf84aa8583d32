// Outputs of the networks against those of the libraries and of the reference, for deterministic
// weights.
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "models/arch/golden/check.h"
#include "models/arch/golden/fill.h"
#include "models/arch/golden/names.h"

namespace bw::models {
namespace {

constexpr const char* kSmall = BW_TEST_DATA "/models/golden_small.json";

void report_misses(const GoldenLine& line) {
    EXPECT_TRUE(line.passed) << line.name << " " << line.kind << ": " << line.error << " "
                             << line.detail;
}

void ignore(const GoldenLine&) {}

TEST(Fill, GivesTheNumbersOfTheReference) {
    EXPECT_EQ(fill_mix(0), 0U);
    EXPECT_EQ(fill_mix(1), 1753845952U);
    EXPECT_EQ(fill_mix(0xdeadbeef), 3861431939U);
    const std::int64_t conv[] = {64, 3, 7, 7};
    const std::int64_t pointwise[] = {10, 512, 1, 1};
    const std::int64_t linear[] = {10, 512};
    const std::int64_t norm[] = {64};
    EXPECT_EQ(fill_seed(FillRole::weight, conv), 1036937495U);
    EXPECT_EQ(fill_seed(FillRole::weight, pointwise), 21115368U);
    EXPECT_EQ(fill_seed(FillRole::weight, linear), 21115368U);
    EXPECT_EQ(fill_seed(FillRole::weight, conv, 0), 541588862U);
    const auto seed = fill_seed(FillRole::scale, norm);
    EXPECT_EQ(seed, 19140947U);
    EXPECT_EQ(fill_value(seed, 0), 0.9354133605957031);
    EXPECT_EQ(fill_value(seed, 1), -0.9406297206878662);
    const auto image = golden_input({}).flatten();
    EXPECT_EQ(image[0].item<float>(), -0.030182301998138428F);
    EXPECT_EQ(image[-1].item<float>(), 1.0574969053268433F);
}

TEST(Golden, SmallNetworksOfEveryFamilyAgreeWithTheReference) {
    const auto lines = check_golden_file(
        kSmall,
        {.precision = Precision::single, .checkpoints = Checkpoints::compared},
        report_misses
    );
    ASSERT_TRUE(lines.has_value()) << lines.error().message;
    EXPECT_GT(lines->size(), 60U);
}

TEST(Golden, AWrongReferenceIsAMiss) {
    std::ifstream file(kSmall);
    auto json = nlohmann::json::parse(file);
    auto& entry = json.at("models").at("lenet_bn_28");
    entry.at("shape").at("logits").at(0) =
        entry.at("shape").at("logits").at(0).get<double>() + 2e-4;
    const auto path = std::filesystem::path(testing::TempDir()) / "bw_wrong_golden.json";
    std::ofstream(path) << json;
    const auto lines =
        check_golden_file(path, {.only = "lenet_bn_28", .precision = Precision::single}, ignore);
    std::filesystem::remove(path);
    ASSERT_TRUE(lines.has_value());
    int missed = 0;
    for (const auto& line : *lines) missed += line.passed ? 0 : 1;
    EXPECT_EQ(missed, 1);
}

TEST(Golden, AMissingFileOrEntryIsAnError) {
    EXPECT_EQ(check_golden_file("/nonexistent.json", {}, ignore).error().code, Errc::io);
    EXPECT_EQ(check_golden_file(kSmall, {.only = "no such"}, ignore).error().code, Errc::not_found);
}

TEST(GoldenNames, ResolveByLibraryMultiplierAndSize) {
    EXPECT_EQ(architecture_of_entry("tv_alexnet"), "alexnet_tv");
    EXPECT_EQ(architecture_of_entry("alexnet"), "alexnet");
    EXPECT_EQ(architecture_of_entry("tv10_googlenet"), "googlenet_bn");
    EXPECT_EQ(architecture_of_entry("timm_darknet53"), "darknet53_timm");
    EXPECT_EQ(architecture_of_entry("timm_mixer_s16_224"), "mixer_s16_224");
    EXPECT_EQ(architecture_of_entry("mobilenetv1_a0.5"), "mobilenetv1_a0.5");
    EXPECT_EQ(architecture_of_entry("mobilenetv2_a0.6_96"), "mobilenetv2_a0.6");
    EXPECT_EQ(architecture_of_entry("shufflenetv1_g2_a0.5"), "shufflenetv1_g2_a0.5");
    EXPECT_EQ(architecture_of_entry("shufflenetv2_a0.5"), "shufflenet_v2_x0_5");
    EXPECT_EQ(architecture_of_entry("shufflenet_v2_x2_64"), "shufflenet_v2_x2_0");
    EXPECT_EQ(architecture_of_entry("timm_mobilenetv1_125"), "mobilenetv1_100_a1.25");
    EXPECT_EQ(architecture_of_entry("mixer_s16"), "mixer_s16");
    EXPECT_EQ(architecture_of_entry("resnet18_a0.5"), std::nullopt);
    EXPECT_EQ(architecture_of_entry("cnn_28"), "cnn");
    EXPECT_EQ(architecture_of_entry("se_resnet18"), "seresnet18");
    EXPECT_EQ(architecture_of_entry("efficientnetb2"), "efficientnet_b2");
    EXPECT_EQ(architecture_of_entry("shufflenetv1_g2_64"), "shufflenet");
    EXPECT_EQ(architecture_of_entry("tv_no_such_net"), std::nullopt);
}

}  // namespace
}  // namespace bw::models
