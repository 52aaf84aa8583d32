#include "sweeps/section.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace bw::sweeps {
namespace {

std::string listed(std::span<const std::string_view> words, const char* last) {
    std::string out;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const char* before = i == 0 ? "" : i + 1 == words.size() ? last : ", ";
        out += before + std::string(words[i]);
    }
    return out;
}

}  // namespace

bool Section::knows(std::span<const std::string_view> keys) {
    if (entry_.value.map() == nullptr) {
        problems_.error(
            entry_.value.mark,
            path_,
            "expected a map with " + listed(keys, " or ") + ", found " + found_text(entry_.value)
        );
        return false;
    }
    bool all = true;
    for (const Entry& key : *entry_.value.map()) {
        if (std::find(keys.begin(), keys.end(), key.key) != keys.end()) continue;
        all = false;
        const std::string near = did_you_mean(key.key, keys);
        problems_.error(
            key.mark,
            path_of(key.key),
            "unknown key" + (near.empty() ? "; known: " + listed(keys, ", ") : near)
        );
    }
    return all;
}

void Section::integer(std::string_view key, IntegerRange range, std::int64_t& out) {
    const Entry* entry = find(key);
    if (entry == nullptr) return;
    const auto* number = std::get_if<std::int64_t>(&entry->value.data);
    if (number != nullptr && *number >= range.min && *number <= range.max) {
        out = *number;
        return;
    }
    const bool bounded = range.max != std::numeric_limits<std::int64_t>::max();
    error(
        *entry,
        "expected an integer " +
            (bounded ? "from " + std::to_string(range.min) + " to " + std::to_string(range.max)
                     : "of at least " + std::to_string(range.min)) +
            ", found " + found_text(entry->value)
    );
}

void Section::number(std::string_view key, double above, double& out) {
    const Entry* entry = find(key);
    if (entry == nullptr) return;
    const auto number = as_number(entry->value);
    if (number && std::isfinite(*number) && *number > above) {
        out = *number;
        return;
    }
    std::string limit = std::to_string(above);
    limit.erase(limit.find_last_not_of('0') + 1);
    if (limit.ends_with('.')) limit.pop_back();
    error(*entry, "expected a number above " + limit + ", found " + found_text(entry->value));
}

std::optional<std::size_t> Section::choice(
    std::string_view key, std::span<const std::string_view> words
) {
    const Entry* entry = find(key);
    if (entry == nullptr) return std::nullopt;
    const auto* text = entry->value.text();
    const auto found = text == nullptr ? words.end() : std::find(words.begin(), words.end(), *text);
    if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
    const std::string hint = text == nullptr ? "" : did_you_mean(*text, words);
    error(
        *entry, "expected " + listed(words, " or ") + ", found " + found_text(entry->value) + hint
    );
    return std::nullopt;
}

void Section::error(const Entry& at, const std::string& message) {
    problems_.error(at.value.mark, path_of(at.key), message);
}

}  // namespace bw::sweeps
