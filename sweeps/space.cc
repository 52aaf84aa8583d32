#include "sweeps/space.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "sweeps/canonical.h"
#include "sweeps/json_schema.h"
#include "sweeps/parameter_reader.h"

namespace bw::sweeps {
namespace {

constexpr std::string_view kNestedOnly =
    "a nested parameter has \"parameters\" and no other key; move this one level down, or remove "
    "it";

enum class Level { top, nested };

// W&B's service takes odd names at the top only.
void check_name(const Entry& entry, const std::string& path, Level level, Problems& problems) {
    if (is_parameter_name(entry.key)) return;
    constexpr std::string_view kRule =
        "a name has letters, digits, _ . and -, and starts with a letter or _";
    if (level == Level::nested) {
        problems.error(entry.mark, path, "unusable name; " + std::string(kRule));
    } else {
        problems.warning(entry.mark, path, "unusual name; " + std::string(kRule));
    }
}

void read_level(
    const Entries& entries,
    const std::vector<std::string>& above,
    const std::string& path,
    std::vector<ReadParameter>& out,
    Problems& problems
);

void read_nested(
    const Entry& entry,
    const std::vector<std::string>& levels,
    const std::string& path,
    std::vector<ReadParameter>& out,
    Problems& problems
) {
    for (const Entry& key : *entry.value.map()) {
        if (key.key != "parameters")
            problems.error(key.mark, path + "." + key.key, std::string(kNestedOnly));
    }
    const Entry& inner = *find_entry(entry.value, "parameters");
    const std::string inner_path = path + ".parameters";
    if (inner.value.map() == nullptr || inner.value.map()->empty()) {
        problems.error(
            inner.value.mark,
            inner_path,
            "expected a map with at least one parameter, found " + found_text(inner.value)
        );
        return;
    }
    read_level(*inner.value.map(), levels, inner_path, out, problems);
}

void read_level(
    const Entries& entries,
    const std::vector<std::string>& above,
    const std::string& path,
    std::vector<ReadParameter>& out,
    Problems& problems
) {
    std::vector<const Entry*> sorted;
    sorted.reserve(entries.size());
    for (const Entry& entry : entries) sorted.push_back(&entry);
    std::sort(sorted.begin(), sorted.end(), [](const Entry* a, const Entry* b) {
        return a->key < b->key;
    });
    for (const Entry* entry : sorted) {
        std::vector<std::string> levels = above;
        levels.push_back(entry->key);
        const std::string own_path = path + "." + entry->key;
        check_name(*entry, own_path, above.empty() ? Level::top : Level::nested, problems);
        if (find_entry(entry->value, "parameters") != nullptr) {
            read_nested(*entry, levels, own_path, out, problems);
            continue;
        }
        auto parameter = read_parameter(*entry, own_path, problems);
        if (!parameter) continue;
        for (const std::string& level : levels)
            parameter->name += (parameter->name.empty() ? "" : "/") + level;
        parameter->levels = std::move(levels);
        out.push_back({std::move(*parameter), entry, own_path});
    }
}

}  // namespace

std::vector<ReadParameter> read_parameters(const Entry& parameters, Problems& problems) {
    std::vector<ReadParameter> out;
    const auto* entries = parameters.value.map();
    if (entries == nullptr || entries->empty()) {
        problems.error(
            parameters.value.mark,
            parameters.key,
            "expected a map with at least one parameter, found " +
                (entries == nullptr ? found_text(parameters.value) : std::string("an empty one"))
        );
        return out;
    }
    read_level(*entries, {}, parameters.key, out, problems);
    return out;
}

std::string grid_key(const Value& value) {
    // Only a number that stands by itself: inside a list or a map, 1 and 1.0 stay different, as in
    // W&B.
    if (const auto* real = std::get_if<double>(&value.data)) {
        constexpr double kExact = 9007199254740992.0;
        if (std::fabs(*real) <= kExact && std::trunc(*real) == *real) {
            return std::to_string(static_cast<std::int64_t>(*real));
        }
    }
    return canonical_json(value);
}

std::vector<Value> distinct_values(const std::vector<Value>& values) {
    std::vector<Value> out;
    std::map<std::string, std::size_t> places;
    for (const Value& value : values) {
        const auto [place, is_new] = places.emplace(grid_key(value), out.size());
        if (is_new) {
            out.push_back(value);
        } else {
            out[place->second] = value;
        }
    }
    return out;
}

}  // namespace bw::sweeps
