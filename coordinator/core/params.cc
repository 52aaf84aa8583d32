#include "coordinator/core/params.h"

#include "base/number.h"

namespace bw::core {
namespace {

// The end of the text that begins with a quotation mark at `begin`: one past its closing mark, or
// npos.
std::size_t end_of_text(std::string_view json, std::size_t begin) {
    for (std::size_t i = begin + 1; i < json.size(); ++i) {
        if (json[i] == '\\') {
            ++i;
        } else if (json[i] == '"') {
            return i + 1;
        }
    }
    return std::string_view::npos;
}

// The end of the value at `begin`: the comma or bracket that closes it on its own level, or npos.
std::size_t end_of_value(std::string_view json, std::size_t begin) {
    int depth = 0;
    for (std::size_t i = begin; i < json.size();) {
        const char c = json[i];
        const bool closes = c == '}' || c == ']';
        if (depth == 0 && (c == ',' || closes)) return i;
        if (c == '"') {
            i = end_of_text(json, i);
            continue;
        }
        if (c == '{' || c == '[') ++depth;
        if (closes) --depth;
        ++i;
    }
    return std::string_view::npos;
}

template <class Number>
std::optional<Number> find_as(std::string_view params_json, std::string_view key) {
    const auto text = find_param(params_json, key);
    return text ? parse_number<Number>(*text) : std::nullopt;
}

}  // namespace

std::optional<std::string_view> find_param(std::string_view params_json, std::string_view key) {
    std::size_t at = 1;  // behind the opening bracket
    while (at < params_json.size() && params_json[at] == '"') {
        const std::size_t key_end = end_of_text(params_json, at);
        if (key_end >= params_json.size() || params_json[key_end] != ':') return std::nullopt;
        const std::string_view name = params_json.substr(at + 1, key_end - at - 2);
        const std::size_t value_end = end_of_value(params_json, key_end + 1);
        if (value_end == std::string_view::npos) return std::nullopt;
        if (name == key) return params_json.substr(key_end + 1, value_end - key_end - 1);
        at = value_end + 1;
    }
    return std::nullopt;
}

std::optional<std::int64_t> find_integer_param(std::string_view params_json, std::string_view key) {
    return find_as<std::int64_t>(params_json, key);
}

std::optional<double> find_number_param(std::string_view params_json, std::string_view key) {
    return find_as<double>(params_json, key);
}

std::optional<std::string> find_text_param(std::string_view params_json, std::string_view key) {
    const auto text = find_param(params_json, key);
    if (!text || text->size() < 2 || text->front() != '"' || text->back() != '"')
        return std::nullopt;
    const std::string_view inner = text->substr(1, text->size() - 2);
    if (inner.find('\\') != std::string_view::npos) return std::nullopt;
    return std::string(inner);
}

}  // namespace bw::core
