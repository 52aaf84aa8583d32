// Reads single values out of a point's params_json, which sweeps::to_json wrote: the scheduler
// needs a few of them and carries no JSON library. Private to coordinator/core. Any bytes are safe;
// what is no such JSON yields nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bw::core {

/// The text of the value under a key of the outermost object, as it stands there: `"cnn"`, `64`,
/// `{"a":1}`.
std::optional<std::string_view> find_param(std::string_view params_json, std::string_view key);

std::optional<std::int64_t> find_integer_param(std::string_view params_json, std::string_view key);

std::optional<double> find_number_param(std::string_view params_json, std::string_view key);

/// Texts with escapes in them are not read (no name of ours has any).
std::optional<std::string> find_text_param(std::string_view params_json, std::string_view key);

}  // namespace bw::core
