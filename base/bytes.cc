#include "base/bytes.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace bw {
namespace {

struct Unit {
    std::string_view name;
    double size_bytes;
};

constexpr std::array kUnits = {
    Unit{"TiB", 1099511627776.0},
    Unit{"GiB", 1073741824.0},
    Unit{"MiB", 1048576.0},
    Unit{"KiB", 1024.0},
    Unit{"TB", 1e12},
    Unit{"GB", 1e9},
    Unit{"MB", 1e6},
    Unit{"kB", 1e3},
    Unit{"B", 1.0},
    Unit{"", 1.0}};

}  // namespace

Result<std::int64_t> parse_bytes(std::string_view text) {
    double number = 0;
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    std::string_view unit(rest, static_cast<std::size_t>(end - rest));
    while (!unit.empty() && unit.front() == ' ') unit.remove_prefix(1);
    for (const Unit& known : kUnits) {
        if (error != std::errc{} || unit != known.name) continue;
        const double size_bytes = std::floor(number * known.size_bytes);
        if (number >= 0 && size_bytes < 9e18) return static_cast<std::int64_t>(size_bytes);
    }
    return fail(
        Errc::invalid_input,
        "expected a size such as \"512MiB\" or \"8GiB\", found \"" + std::string(text) + "\""
    );
}

std::string format_bytes(std::int64_t size_bytes) {
    for (const Unit& unit : kUnits) {
        if (unit.name.size() != 3 || static_cast<double>(std::llabs(size_bytes)) < unit.size_bytes)
            continue;
        char text[48];
        std::snprintf(
            text,
            sizeof text,
            "%.2f %.*s",
            static_cast<double>(size_bytes) / unit.size_bytes,
            3,
            unit.name.data()
        );
        return text;
    }
    return std::to_string(size_bytes) + " B";
}

}  // namespace bw
