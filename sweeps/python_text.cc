#include "sweeps/python_text.h"

#include <cmath>
#include <cstdint>
#include <cstdio>

#include "sweeps/number_text.h"

namespace bw::sweeps {
namespace {

std::string hex(const char* format, unsigned code) {
    char out[16];
    std::snprintf(out, sizeof out, format, code);
    return out;
}

// Single quotes, unless the text holds one and no double quote.
std::string text_repr(std::string_view text) {
    const bool has_single = text.find('\'') != text.npos;
    const char quote = has_single && text.find('"') == text.npos ? '"' : '\'';
    std::string out(1, quote);
    for (const char c : text) {
        if (c == quote || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n' || c == '\t' || c == '\r') {
            out += c == '\n' ? "\\n" : c == '\t' ? "\\t" : "\\r";
        } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
            out += hex("\\x%02x", static_cast<unsigned char>(c));
        } else {
            out += c;
        }
    }
    return out + quote;
}

// Lists and maps look alike in Python's repr and in its json.dumps; only the leaves differ.
template <class Writer>
void write_list(const List& list, const Writer& writer) {
    writer.out += '[';
    for (std::size_t i = 0; i < list.size(); ++i) {
        if (i > 0) writer.out += ", ";
        std::visit(writer, list[i].data);
    }
    writer.out += ']';
}

template <class Writer>
void write_map(const Map& map, const Writer& writer) {
    writer.out += '{';
    for (std::size_t i = 0; i < map.size(); ++i) {
        if (i > 0) writer.out += ", ";
        writer(map[i].first);
        writer.out += ": ";
        std::visit(writer, map[i].second.data);
    }
    writer.out += '}';
}

struct ReprWriter {
    std::string& out;

    void operator()(std::nullptr_t) const { out += "None"; }

    void operator()(bool flag) const { out += flag ? "True" : "False"; }

    void operator()(std::int64_t number) const { out += std::to_string(number); }

    void operator()(double number) const { out += number_text(number); }

    void operator()(const std::string& text) const { out += text_repr(text); }

    void operator()(const List& list) const { write_list(list, *this); }

    void operator()(const Map& map) const { write_map(map, *this); }
};

// Decodes one character; the texts are valid UTF-8 (yaml_reader.h).
std::uint32_t next_code_point(std::string_view text, std::size_t& at) {
    const auto lead = static_cast<std::uint8_t>(text[at++]);
    if (lead < 0x80) return lead;
    const int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
    std::uint32_t code = lead & (0x3Fu >> more);
    for (int i = 0; i < more && at < text.size(); ++i) {
        code = (code << 6) | (static_cast<std::uint8_t>(text[at++]) & 0x3Fu);
    }
    return code;
}

std::string json_text(std::string_view text) {
    std::string out = "\"";
    for (std::size_t at = 0; at < text.size();) {
        const std::uint32_t code = next_code_point(text, at);
        if (code == '"' || code == '\\') {
            out += '\\';
            out += static_cast<char>(code);
        } else if (code == '\n' || code == '\t' || code == '\r') {
            out += code == '\n' ? "\\n" : code == '\t' ? "\\t" : "\\r";
        } else if (code >= 0x20 && code < 0x7F) {
            out += static_cast<char>(code);
        } else if (code < 0x10000) {
            out += hex("\\u%04x", code);
        } else {
            out += hex("\\u%04x", 0xD800 + ((code - 0x10000) >> 10));
            out += hex("\\u%04x", 0xDC00 + ((code - 0x10000) & 0x3FF));
        }
    }
    return out + '"';
}

struct JsonWriter {
    std::string& out;

    void operator()(std::nullptr_t) const { out += "null"; }

    void operator()(bool flag) const { out += flag ? "true" : "false"; }

    void operator()(std::int64_t number) const { out += std::to_string(number); }

    void operator()(double number) const {
        if (std::isnan(number)) {
            out += "NaN";
        } else if (std::isinf(number)) {
            out += number > 0 ? "Infinity" : "-Infinity";
        } else {
            out += number_text(number);
        }
    }

    void operator()(const std::string& text) const { out += json_text(text); }

    void operator()(const List& list) const { write_list(list, *this); }

    void operator()(const Map& map) const { write_map(map, *this); }
};

}  // namespace

std::string python_repr(const Value& value) {
    std::string out;
    std::visit(ReprWriter{out}, value.data);
    return out;
}

std::string python_str(const Value& value) {
    if (const auto* text = std::get_if<std::string>(&value.data)) return *text;
    return python_repr(value);
}

std::string_view python_type(const Value& value) {
    static constexpr std::string_view kNames[] = {
        "NoneType", "bool", "int", "float", "str", "list", "dict"};
    return kNames[value.data.index()];
}

std::string python_json(const Value& value) {
    std::string out;
    std::visit(JsonWriter{out}, value.data);
    return out;
}

}  // namespace bw::sweeps
