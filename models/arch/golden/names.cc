#include "models/arch/golden/names.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "models/arch/architectures.h"
#include "models/catalog/catalog.h"

namespace bw::models {

namespace {

struct Renamed {
    std::string_view entry;
    std::string_view architecture;
};

// Where a library's name is another network of ours, or one of ours under an older name.
constexpr Renamed kTorchvision[] = {
    {"alexnet", "alexnet_tv"},
    {"googlenet", "googlenet_bn"},
};

constexpr Renamed kTimm[] = {
    {"darknet53", "darknet53_timm"},
    {"mobilenetv1_125", "mobilenetv1_100_a1.25"},
    {"mobilenetv2_035", "mobilenetv2_w0.35"},
    {"mobilenetv2_050", "mobilenetv2_w0.5"},
    {"mobilenetv2_075", "mobilenetv2_w0.75"},
    {"mobilenetv2_100", "mobilenetv2"},
    {"mobilenetv2_140", "mobilenetv2_w1.4"},
    {"vit_base_patch16_384", "vit_base_patch16_224"},
    {"vit_base_patch32_384", "vit_base_patch32_224"},
    {"vit_large_patch16_384", "vit_large_patch16_224"},
    {"vit_small_patch16_384", "vit_small_patch16_224"},
    {"vit_small_patch32_384", "vit_small_patch32_224"},
    {"vit_tiny_patch16_384", "vit_tiny_patch16_224"},
    {"xception", "legacy_xception"},
};

// The reference's BatchNorm of EfficientNet is LibTorch's up to B4, not the paper's.
constexpr Renamed kOwn[] = {
    {"cnn_1ch", "cnn"},
    {"cnn_3ch", "cnn"},
    {"efficientnetb0", "efficientnet_b0"},
    {"efficientnetb1", "efficientnet_b1"},
    {"efficientnetb2", "efficientnet_b2"},
    {"efficientnetb3", "efficientnet_b3"},
    {"efficientnetb4", "efficientnet_b4"},
    {"efficientnetv2_l", "efficientnet_v2_l"},
    {"efficientnetv2_m", "efficientnet_v2_m"},
    {"efficientnetv2_s", "efficientnetv2"},
    {"gmlp_256px", "gmlp"},
    {"inception_v3_aux", "inceptionv3_aux"},
    {"se_resnet50", "seresnet50"},
    {"seed_effnet_b0", "efficientnetb0_seed"},
    {"seed_effnet_b1", "efficientnetb1_seed"},
    {"seed_effnet_b2", "efficientnetb2_seed"},
    {"seed_effnet_b3", "efficientnetb3_seed"},
    {"seed_effnet_b4", "efficientnetb4_seed"},
    {"seed_effnet_b5", "efficientnetb5_seed"},
    {"seed_effnet_b6", "efficientnetb6_seed"},
    {"seed_effnet_b7", "efficientnetb7_seed"},
    {"vit_s_16", "vit_small_patch16_224"},
};

std::optional<std::string> known(std::string_view name) {
    const ModelInfo* info = find_model(name);
    const auto canonical = info == nullptr ? name : info->name;
    if (!find_architecture(canonical)) return std::nullopt;
    return std::string(canonical);
}

template <std::size_t n>
std::optional<std::string> known_in(const Renamed (&table)[n], std::string_view name) {
    const auto found = std::ranges::find(table, name, &Renamed::entry);
    return known(found == std::end(table) ? name : found->architecture);
}

/// "cnn_28" -> "cnn"; an input size at the end says nothing about the architecture.
std::string_view without_size(std::string_view name) {
    const auto bar = name.rfind('_');
    if (bar == std::string_view::npos || bar + 1 == name.size()) return name;
    const auto digits = name.substr(bar + 1);
    const bool is_size =
        std::ranges::all_of(digits, [](unsigned char c) { return std::isdigit(c) != 0; });
    return is_size ? name.substr(0, bar) : name;
}

template <std::size_t n>
std::optional<std::string> resolve(const Renamed (&table)[n], std::string_view name) {
    if (auto found = known_in(table, name)) return found;
    return known_in(table, without_size(name));
}

/// ShuffleNet V2 has four sizes and no multiplier, but the names may say one: "shufflenetv2_a0.5".
std::optional<std::string> resolve_shufflenet_v2(std::string_view entry) {
    for (const std::string_view family : {"shufflenetv2_", "shufflenet_v2_"}) {
        if (!entry.starts_with(family)) continue;
        std::string size(without_size(entry).substr(family.size()));
        if (size.size() < 2) return std::nullopt;
        if (const auto point = size.find('.'); point == std::string::npos) {
            size += "_0";
        } else {
            size[point] = '_';
        }
        return known("shufflenet_v2_x" + size.substr(1));
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::string> architecture_of_entry(std::string_view entry) {
    if (entry.starts_with("tv_")) return resolve(kTorchvision, entry.substr(3));
    if (entry.starts_with("tv10_")) return resolve(kTorchvision, entry.substr(5));
    if (entry.starts_with("timm_")) return resolve(kTimm, entry.substr(5));
    if (auto found = resolve(kOwn, entry)) return found;
    return resolve_shufflenet_v2(entry);
}

}  // namespace bw::models
