#include "sweeps/json_schema.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/assert.h"
#include "sweeps/python_text.h"

namespace bw::sweeps {
namespace {

const Map* as_map(const Value& value) { return std::get_if<Map>(&value.data); }

const List* as_list(const Value& value) { return std::get_if<List>(&value.data); }

std::optional<double> as_double(const Value& value) {
    if (const auto* number = std::get_if<std::int64_t>(&value.data))
        return static_cast<double>(*number);
    if (const auto* number = std::get_if<double>(&value.data)) return *number;
    return std::nullopt;
}

bool has_type(const Value& value, std::string_view type) {
    const std::string_view python = python_type(value);
    if (type == "object") return python == "dict";
    if (type == "array") return python == "list";
    if (type == "string") return python == "str";
    if (type == "boolean") return python == "bool";
    if (type == "number") return python == "int" || python == "float";
    BW_ASSERT(type == "integer", "the schema names a type that is known here");
    const auto* real = std::get_if<double>(&value.data);
    return python == "int" ||
           (real != nullptr && std::isfinite(*real) && std::trunc(*real) == *real);
}

// As Python compares: 1 equals 1.0, and true equals only true.
bool equals(const Value& a, const Value& b) {
    const auto x = as_double(a);
    const auto y = as_double(b);
    return x && y ? *x == *y : a == b;
}

class Checker {
public:
    explicit Checker(const Map& root) : root_(root) {}

    std::vector<std::string> check(const Map& schema, const Value& instance) const {
        std::vector<std::string> out;
        collect(schema, instance, out);
        return out;
    }

private:
    using Out = std::vector<std::string>;

    void collect(const Map& schema, const Value& instance, Out& out) const {
        if (const Value* ref = find_value(schema, "$ref")) {
            collect(resolved(std::get<std::string>(ref->data)), instance, out);
            return;
        }
        for (const auto& [keyword, rule] : schema) {
            if (keyword == "anyOf" || keyword == "oneOf") check_any_of(rule, instance, out);
            if (keyword == "type" || keyword == "enum" || keyword == "format")
                check_kind(keyword, rule, instance, out);
            if (as_map(instance) != nullptr) check_object(schema, keyword, rule, instance, out);
            if (as_list(instance) != nullptr) check_array(keyword, rule, instance, out);
            check_limit(keyword, rule, instance, out);
        }
    }

    const Map& resolved(std::string_view reference) const {
        constexpr std::string_view kPrefix = "#/definitions/";
        const Map& definitions = std::get<Map>(find_value(root_, "definitions")->data);
        const Value* found = find_value(definitions, reference.substr(kPrefix.size()));
        BW_ASSERT(found != nullptr, "the schema refers to a definition that it has");
        return std::get<Map>(found->data);
    }

    void check_any_of(const Value& rule, const Value& instance, Out& out) const {
        for (const Value& choice : std::get<List>(rule.data)) {
            Out ignored;
            collect(std::get<Map>(choice.data), instance, ignored);
            if (ignored.empty()) return;
        }
        out.push_back(python_repr(instance) + " is not valid under any of the given schemas");
    }

    static void check_kind(
        const std::string& keyword, const Value& rule, const Value& instance, Out& out
    ) {
        if (keyword == "type") {
            const auto& type = std::get<std::string>(rule.data);
            if (!has_type(instance, type))
                out.push_back(python_repr(instance) + " is not of type " + python_repr(rule));
        } else if (keyword == "enum") {
            const List& choices = std::get<List>(rule.data);
            const bool found = std::any_of(choices.begin(), choices.end(), [&](const Value& one) {
                return equals(one, instance);
            });
            if (!found)
                out.push_back(python_repr(instance) + " is not one of " + python_repr(rule));
        } else {
            const std::string_view wanted =
                std::get<std::string>(rule.data) == "float" ? "float" : "int";
            const std::string_view type = python_type(instance);
            const bool fits = type == wanted || (wanted == "int" && type == "bool");
            if (!fits) out.push_back(python_repr(instance) + " is not a " + python_repr(rule));
        }
    }

    void check_object(
        const Map& schema,
        const std::string& keyword,
        const Value& rule,
        const Value& instance,
        Out& out
    ) const {
        const Map& object = *as_map(instance);
        if (keyword == "required") {
            for (const Value& name : std::get<List>(rule.data)) {
                if (find_value(object, std::get<std::string>(name.data)) == nullptr) {
                    out.push_back(python_repr(name) + " is a required property");
                }
            }
        } else if (keyword == "properties") {
            for (const auto& [name, inner] : std::get<Map>(rule.data)) {
                const Value* value = find_value(object, name);
                if (value != nullptr) collect(std::get<Map>(inner.data), *value, out);
            }
        } else if (keyword == "additionalProperties") {
            check_additional(schema, rule, object, out);
        } else if (keyword == "propertyNames") {
            for (const auto& [name, value] : object) {
                if (is_parameter_name(name)) continue;
                const Value* pattern = find_value(std::get<Map>(rule.data), "pattern");
                out.push_back(
                    python_repr(Value{name}) + " does not match " + python_repr(*pattern)
                );
            }
        } else if (keyword == "minProperties" && object.empty()) {
            out.push_back(python_repr(instance) + " should be non-empty");
        } else if (keyword == "dependencies") {
            check_dependencies(rule, object, out);
        }
    }

    void check_additional(const Map& schema, const Value& rule, const Map& object, Out& out) const {
        const Value* properties = find_value(schema, "properties");
        std::vector<std::string> extras;
        for (const auto& [name, value] : object) {
            if (properties != nullptr &&
                find_value(std::get<Map>(properties->data), name) != nullptr)
                continue;
            if (const Map* inner = as_map(rule)) {
                collect(*inner, value, out);
            } else {
                extras.push_back(name);
            }
        }
        if (extras.empty()) return;
        std::sort(extras.begin(), extras.end());
        std::string names;
        for (const std::string& name : extras)
            names += (names.empty() ? "" : ", ") + python_repr(Value{name});
        out.push_back(
            "Additional properties are not allowed (" + names +
            (extras.size() == 1 ? " was" : " were") + " unexpected)"
        );
    }

    static void check_dependencies(const Value& rule, const Map& object, Out& out) {
        for (const auto& [name, needed] : std::get<Map>(rule.data)) {
            if (find_value(object, name) == nullptr) continue;
            for (const Value& other : std::get<List>(needed.data)) {
                if (find_value(object, std::get<std::string>(other.data)) != nullptr) continue;
                out.push_back(
                    python_repr(other) + " is a dependency of " + python_repr(Value{name})
                );
            }
        }
    }

    void check_array(const std::string& keyword, const Value& rule, const Value& instance, Out& out)
        const {
        const List& list = *as_list(instance);
        if (keyword == "items") {
            for (const Value& item : list) collect(std::get<Map>(rule.data), item, out);
        } else if (keyword == "minItems") {
            const auto least = static_cast<std::size_t>(std::get<std::int64_t>(rule.data));
            if (list.size() >= least) return;
            out.push_back(
                python_repr(instance) + (least == 1 ? " should be non-empty" : " is too short")
            );
        }
    }

    static void check_limit(
        const std::string& keyword, const Value& rule, const Value& instance, Out& out
    ) {
        const auto number = as_double(instance);
        if (!number) return;
        if (keyword == "minimum" && *number < *as_double(rule)) {
            out.push_back(
                python_repr(instance) + " is less than the minimum of " + python_repr(rule)
            );
        }
        if (keyword == "exclusiveMinimum" && *number <= *as_double(rule)) {
            out.push_back(
                python_repr(instance) + " is less than or equal to the minimum of " +
                python_repr(rule)
            );
        }
    }

    const Map& root_;
};

}  // namespace

std::vector<std::string> schema_violations(
    const Map& root, const Map& schema, const Value& instance
) {
    return Checker(root).check(schema, instance);
}

bool conforms(const Map& root, const Map& schema, const Value& instance) {
    return Checker(root).check(schema, instance).empty();
}

bool is_parameter_name(std::string_view name) {
    const auto is_letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    };
    if (name.ends_with('\n')) name.remove_suffix(1);  // Python's $ matches before it too
    if (name.empty() || !is_letter(name[0])) return false;
    return std::all_of(name.begin(), name.end(), [&](char c) {
        return is_letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '-';
    });
}

}  // namespace bw::sweeps
