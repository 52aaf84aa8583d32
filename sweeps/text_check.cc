#include "sweeps/text_check.h"

#include <cstdint>
#include <cstdio>

namespace bw::sweeps {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// Length of the well-formed UTF-8 sequence at the front (RFC 3629), 0 when there is none.
std::size_t sequence_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const std::uint8_t lead = byte(0);
    if (lead < 0x80) return 1;
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0) != 0x80) return 0;
    }
    const std::uint8_t next = byte(1);
    const bool overlong = (lead == 0xE0 && next < 0xA0) || (lead == 0xF0 && next < 0x90);
    const bool beyond = (lead == 0xED && next > 0x9F) || (lead == 0xF4 && next > 0x8F);
    return overlong || beyond ? 0 : length;
}

bool is_forbidden(char c) {
    const auto byte = static_cast<std::uint8_t>(c);
    return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7F;
}

std::string hex_byte(char c) {
    char out[8];
    std::snprintf(out, sizeof out, "0x%02x", static_cast<unsigned>(static_cast<std::uint8_t>(c)));
    return out;
}

}  // namespace

std::optional<TextProblem> text_problem(std::string_view text, std::size_t bytes_max) {
    if (text.size() > bytes_max) {
        return TextProblem{
            {},
            "the file is larger than " + std::to_string(bytes_max >> 20) +
                " MiB; a sweep file is small"};
    }
    Mark mark{1, 1};
    for (std::size_t at = text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
         at < text.size();) {
        const std::size_t length = sequence_length(text.substr(at));
        if (length == 0) {
            return TextProblem{mark, "not UTF-8 text: byte " + hex_byte(text[at])};
        }
        if (is_forbidden(text[at])) {
            return TextProblem{mark, "control character " + hex_byte(text[at]) + " in the text"};
        }
        if (text[at] == '\n') {
            mark = {mark.line + 1, 1};
        } else {
            ++mark.column;
        }
        at += length;
    }
    return std::nullopt;
}

std::string normal_text(std::string_view text) {
    if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\r') {
            out += text[i];
        } else if (i + 1 == text.size() || text[i + 1] != '\n') {
            out += '\n';
        }
    }
    return out;
}

}  // namespace bw::sweeps
