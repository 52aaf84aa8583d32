#include "metrics/label_text.h"

#include <algorithm>
#include <cstdint>

namespace bw::metrics {

namespace {

struct Sequence {
    std::size_t size = 0;  // 0: not the begin of a sequence
    std::uint32_t first_bits = 0;
    std::uint32_t least = 0;  // smaller values have a shorter form
};

Sequence sequence_of(unsigned char lead) {
    if (lead >= 0x20 && lead < 0x7F) return {1, lead, 0};
    if ((lead & 0xE0u) == 0xC0) return {2, lead & 0x1Fu, 0x80};
    if ((lead & 0xF0u) == 0xE0) return {3, lead & 0x0Fu, 0x800};
    if ((lead & 0xF8u) == 0xF0) return {4, lead & 0x07u, 0x10000};
    return {};
}

// Bytes of the well-formed character at the begin of the text; 0: there is none.
std::size_t character_size(std::string_view text) {
    const auto [size, first_bits, least] = sequence_of(static_cast<unsigned char>(text[0]));
    if (size == 0 || size > text.size()) return 0;
    std::uint32_t value = first_bits;
    for (std::size_t i = 1; i < size; ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if ((byte & 0xC0u) != 0x80) return 0;
        value = (value << 6) | (byte & 0x3Fu);
    }
    const bool is_surrogate = value >= 0xD800 && value <= 0xDFFF;
    return value < least || value > 0x10FFFF || is_surrogate ? 0 : size;
}

bool is_presentable(std::string_view text) {
    if (text.size() > kLabelBytesMax) return false;
    while (!text.empty()) {
        const std::size_t size = character_size(text);
        if (size == 0) return false;
        text.remove_prefix(size);
    }
    return true;
}

}  // namespace

std::string label_text(std::string_view text) {
    if (is_presentable(text)) return std::string(text);
    std::string plain(text.substr(0, kLabelBytesMax));
    std::replace_if(
        plain.begin(), plain.end(), [](char c) { return c < 0x20 || c >= 0x7F; }, '?'
    );
    return plain;
}

}  // namespace bw::metrics
