// Small text helpers of the diagnostics: the nearest known name, and quoting.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace bw {

/// The known name that a misspelt one most likely meant (edit distance with transpositions, at most
/// a third of its length and at most 3), or an empty text.
std::string_view nearest_name(std::string_view wrong, std::span<const std::string_view> known);

/// `; did you mean "retries"?`, or an empty text.
std::string did_you_mean(std::string_view wrong, std::span<const std::string_view> known);

inline constexpr std::size_t kQuotedBytesMax = 80;

/// In double quotes, with control characters escaped, cut at kQuotedBytesMax but never within a
/// character of UTF-8.
std::string quoted(std::string_view text);

}  // namespace bw
