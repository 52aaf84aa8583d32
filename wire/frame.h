// Length-prefixed Protobuf frames on an Asio stream. One coroutine reads, one writes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <frames.pb.h>

#include "base/result.h"

namespace bw::wire {

inline constexpr std::size_t kFrameBytesMax = 16 * 1024 * 1024;
inline constexpr std::size_t kHeaderBytes = 4;

/// Header and body, ready to be written.
std::string encode_frame(const proto::Frame& frame);

/// The body's length from a header. Errors: corrupt (0 or more than kFrameBytesMax).
Result<std::size_t> decode_header(std::string_view header);

Result<proto::Frame> decode_body(std::string_view body);

}  // namespace bw::wire
