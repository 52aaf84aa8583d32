// Bytes before YAML sees them: encoding, size and characters that no YAML text may hold.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sweeps/diagnostics.h"

namespace bw::sweeps {

struct TextProblem {
    Mark mark;
    std::string message;
};

/// Not UTF-8, a control character, or too long. yaml-cpp takes some such bytes for the end of the
/// file.
std::optional<TextProblem> text_problem(std::string_view text, std::size_t bytes_max);

/// Without a byte order mark, with LF line ends.
std::string normal_text(std::string_view text);

}  // namespace bw::sweeps
