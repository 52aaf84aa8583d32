// `{values:[1, 2]}`: W&B's reader takes the colon for one, yaml-cpp does not.
#pragma once

#include <string>
#include <string_view>

namespace bw::sweeps {

/// The text with a space after each colon that stands inside of brackets directly before a bracket.
/// Columns behind such a colon shift by one.
std::string with_flow_spaces(std::string_view text);

}  // namespace bw::sweeps
