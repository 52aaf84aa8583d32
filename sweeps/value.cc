#include "sweeps/value.h"

#include <cmath>
#include <cstdio>

#include "sweeps/number_text.h"

namespace bw::sweeps {
namespace {

void append_text(std::string& out, std::string_view text) {
    out += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\t') {
            out += "\\t";
        } else if (static_cast<unsigned char>(c) < 0x20) {
            char escape[8];
            std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
            out += escape;
        } else {
            out += c;
        }
    }
    out += '"';
}

struct Writer {
    std::string& out;

    void operator()(std::nullptr_t) const { out += "null"; }

    void operator()(bool flag) const { out += flag ? "true" : "false"; }

    void operator()(std::int64_t number) const { out += std::to_string(number); }

    void operator()(double number) const {
        if (std::isfinite(number)) {
            out += number_text(number);
        } else {
            append_text(out, number_text(number));
        }
    }

    void operator()(const std::string& text) const { append_text(out, text); }

    void operator()(const List& list) const {
        out += '[';
        for (std::size_t i = 0; i < list.size(); ++i) {
            if (i > 0) out += ',';
            std::visit(*this, list[i].data);
        }
        out += ']';
    }

    void operator()(const Map& map) const {
        out += '{';
        for (std::size_t i = 0; i < map.size(); ++i) {
            if (i > 0) out += ',';
            append_text(out, map[i].first);
            out += ':';
            std::visit(*this, map[i].second.data);
        }
        out += '}';
    }
};

}  // namespace

bool operator==(const Value& a, const Value& b) { return a.data == b.data; }

std::string to_json(const Value& value) {
    std::string out;
    std::visit(Writer{out}, value.data);
    return out;
}

const Value* find_value(const Map& map, std::string_view key) {
    for (const auto& [name, value] : map) {
        if (name == key) return &value;
    }
    return nullptr;
}

}  // namespace bw::sweeps
