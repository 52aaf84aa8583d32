#include "wire/frame.h"

#include <string>

#include "base/assert.h"

namespace bw::wire {

std::string encode_frame(const proto::Frame& frame) {
    const std::size_t body_bytes = frame.ByteSizeLong();
    BW_ASSERT(
        body_bytes > 0 && body_bytes <= kFrameBytesMax,
        "a frame has a kind and fits into kFrameBytesMax"
    );
    std::string bytes;
    bytes.reserve(kHeaderBytes + body_bytes);
    for (int shift = 24; shift >= 0; shift -= 8)
        bytes.push_back(static_cast<char>((body_bytes >> shift) & 0xFF));
    frame.AppendToString(&bytes);
    return bytes;
}

Result<std::size_t> decode_header(std::string_view header) {
    BW_ASSERT(header.size() == kHeaderBytes, "a frame's header has four bytes");
    std::size_t body_bytes = 0;
    for (const char byte : header) body_bytes = body_bytes << 8 | static_cast<unsigned char>(byte);
    if (body_bytes == 0 || body_bytes > kFrameBytesMax) {
        return fail(
            Errc::corrupt,
            "frame header: " + std::to_string(body_bytes) + " bytes announced, allowed are 1 to " +
                std::to_string(kFrameBytesMax) +
                " (is the peer a batchwright of another release, or none?)"
        );
    }
    return body_bytes;
}

Result<proto::Frame> decode_body(std::string_view body) {
    proto::Frame frame;
    if (body.size() > kFrameBytesMax ||
        !frame.ParseFromArray(body.data(), static_cast<int>(body.size()))) {
        return fail(
            Errc::corrupt, "frame of " + std::to_string(body.size()) + " bytes: no Protobuf message"
        );
    }
    return frame;
}

}  // namespace bw::wire
