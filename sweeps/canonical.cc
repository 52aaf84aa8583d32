#include "sweeps/canonical.h"

#include <algorithm>
#include <utility>

#include "base/sha256.h"
#include "sweeps/options.h"

namespace bw::sweeps {
namespace {

void drop(Map& map, std::string_view key) {
    std::erase_if(map, [key](const auto& entry) { return entry.first == key; });
}

}  // namespace

Value canonical(const Value& value) {
    if (const auto* map = std::get_if<Map>(&value.data)) {
        Map sorted;
        sorted.reserve(map->size());
        for (const auto& [key, inner] : *map) sorted.emplace_back(key, canonical(inner));
        std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
            return a.first < b.first;
        });
        return Value{std::move(sorted)};
    }
    if (const auto* list = std::get_if<List>(&value.data)) {
        List items;
        items.reserve(list->size());
        for (const Value& item : *list) items.push_back(canonical(item));
        return Value{std::move(items)};
    }
    return value;
}

std::string canonical_json(const Value& value) { return to_json(canonical(value)); }

std::string fingerprint_of(const Value& document) {
    Value rest = document;
    if (auto* top = std::get_if<Map>(&rest.data)) {
        drop(*top, "run_cap");
        for (auto& [key, value] : *top) {
            auto* options = key == kReservedKey ? std::get_if<Map>(&value.data) : nullptr;
            if (options == nullptr) continue;
            for (const char* limit : {"concurrency", "retries", "budget", "max_failures"})
                drop(*options, limit);
        }
        std::erase_if(*top, [](const auto& entry) {
            return entry.first == kReservedKey && entry.second == Value{Map{}};
        });
    }
    return sha256_hex(canonical_json(rest));
}

}  // namespace bw::sweeps
