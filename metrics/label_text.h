// What may stand in a label: Prometheus refuses a whole scrape for one value that is not UTF-8.
#pragma once

#include <string>
#include <string_view>

namespace bw::metrics {

inline constexpr std::size_t kLabelBytesMax = 128;

/// The text itself if it is short UTF-8 without control characters; else cut at kLabelBytesMax,
/// with `?` for every byte that is not printable ASCII.
std::string label_text(std::string_view text);

}  // namespace bw::metrics
