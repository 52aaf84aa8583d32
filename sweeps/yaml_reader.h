// Text to a tree with positions: the only place that knows yaml-cpp. Pure and total: any bytes give
// either a tree or diagnostics; nesting, size and what aliases expand to are bounded.
//
// Merge keys (<<) are applied, of duplicate keys the last counts (with a warning), scalars are
// resolved by yaml_scalar.h. JSON is read too: it is YAML.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sweeps/diagnostics.h"
#include "sweeps/value.h"

namespace bw::sweeps {

struct Element;
struct Entry;
using Elements = std::vector<Element>;
using Entries = std::vector<Entry>;

/// One value of the file. An alias is a copy of what it names, with the position of the original.
struct Element {
    Mark mark;
    std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, Elements, Entries> data;
    std::string spelling;  // of a scalar that is no text, as written
    bool quoted = false;

    [[nodiscard]] const std::string* text() const { return std::get_if<std::string>(&data); }

    [[nodiscard]] const Elements* list() const { return std::get_if<Elements>(&data); }

    [[nodiscard]] const Entries* map() const { return std::get_if<Entries>(&data); }
};

struct Entry {
    std::string key;
    Mark mark;  // of the key
    Element value;
};

struct YamlTree {
    std::optional<Element> root;  // absent when the text is no YAML; an empty text is null
    std::vector<Diagnostic> diagnostics;
};

inline constexpr std::size_t kYamlBytesMax = 8u << 20;
inline constexpr std::size_t kYamlDepthMax = 64;
inline constexpr std::size_t kYamlExpandedBytesMax = 96u << 20;  // bounds what aliases can blow up

YamlTree read_yaml(std::string_view text);

Value to_value(const Element& element);

/// nullptr when the element is no map or has no such key.
const Entry* find_entry(const Element& element, std::string_view key);

/// What stands there, for a message: `"fast"`, `3`, `a list`, `a map`, `nothing`.
std::string found_text(const Element& element);

/// A double for an integer or a float, nothing for anything else (a boolean is no number).
std::optional<double> as_number(const Element& element);

}  // namespace bw::sweeps
