#include <utility>

#include "base/text.h"
#include "sweeps/yaml_reader.h"

namespace bw::sweeps {

Value to_value(const Element& element) {
    return std::visit(
        [](const auto& data) -> Value {
            using T = std::decay_t<decltype(data)>;
            if constexpr (std::is_same_v<T, Elements>) {
                List list;
                list.reserve(data.size());
                for (const Element& item : data) list.push_back(to_value(item));
                return Value{std::move(list)};
            } else if constexpr (std::is_same_v<T, Entries>) {
                Map map;
                map.reserve(data.size());
                for (const Entry& entry : data) map.emplace_back(entry.key, to_value(entry.value));
                return Value{std::move(map)};
            } else {
                return Value{data};
            }
        },
        element.data
    );
}

const Entry* find_entry(const Element& element, std::string_view key) {
    const auto* map = element.map();
    if (map == nullptr) return nullptr;
    for (const Entry& entry : *map) {
        if (entry.key == key) return &entry;
    }
    return nullptr;
}

std::string found_text(const Element& element) {
    if (element.list() != nullptr) return "a list";
    if (element.map() != nullptr) return "a map";
    if (const auto* text = element.text()) return quoted(*text);
    if (std::holds_alternative<std::nullptr_t>(element.data)) return "nothing";
    return element.spelling;
}

std::optional<double> as_number(const Element& element) {
    if (const auto* integer = std::get_if<std::int64_t>(&element.data))
        return static_cast<double>(*integer);
    if (const auto* real = std::get_if<double>(&element.data)) return *real;
    return std::nullopt;
}

}  // namespace bw::sweeps
