// Which of our networks a reference entry means: "tv_resnet18", "timm_darknet53",
// "mobilenetv1_a0.5", "cnn_28".
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bw::models {

/// The name of an architecture (models/arch/architectures.h), or nothing when the entry means none
/// of ours.
std::optional<std::string> architecture_of_entry(std::string_view entry);

}  // namespace bw::models
