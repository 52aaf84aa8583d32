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
    {"mobilenetv2_100", "mobilenetv2"},
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
    {"gmlp_256px", "gmlp"},
};

std::optional<std::string> known(std::string_view name) {
    const ModelInfo* info = find_model(name);
    const auto canonical = info == nullptr ? name : info->name;
    if (find_architecture(canonical) == nullptr) return std::nullopt;
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

/// The reference marks a width multiplier by "_a" ("mobilenetv1_a0.5"); our families each in their
/// papers' way.
std::optional<std::string> resolve_multiplier(std::string_view entry) {
    const auto letter = entry.find("_a");
    if (letter == std::string_view::npos) return std::nullopt;
    const std::string family(entry.substr(0, letter));
    const std::string multiplier(entry.substr(letter + 2));
    for (const char* mark : {"_", "_w", "_x"}) {
        if (auto found = resolve(kOwn, family + mark + multiplier)) return found;
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::string> architecture_of_entry(std::string_view entry) {
    if (entry.starts_with("tv_")) return resolve(kTorchvision, entry.substr(3));
    if (entry.starts_with("tv10_")) return resolve(kTorchvision, entry.substr(5));
    if (entry.starts_with("timm_")) return resolve(kTimm, entry.substr(5));
    if (auto found = resolve(kOwn, entry)) return found;
    return resolve_multiplier(entry);
}

}  // namespace bw::models
