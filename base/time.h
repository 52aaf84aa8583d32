// Points in time and spans as plain integers: the pure parts take them as arguments and never read
// a clock.
#pragma once

#include <compare>
#include <cstdint>

namespace bw {

struct Duration {
    std::int64_t ns = 0;
    friend auto operator<=>(const Duration&, const Duration&) = default;

    [[nodiscard]] double seconds() const { return static_cast<double>(ns) * 1e-9; }
};

constexpr Duration milliseconds(std::int64_t n) { return {n * 1'000'000}; }

constexpr Duration seconds(std::int64_t n) { return {n * 1'000'000'000}; }

/// Nanoseconds since 1970-01-01 UTC, as the shell read them. Instants of one process do not go
/// back.
struct Instant {
    std::int64_t ns = 0;
    friend auto operator<=>(const Instant&, const Instant&) = default;
};

constexpr Instant operator+(Instant t, Duration d) { return {t.ns + d.ns}; }

constexpr Duration operator-(Instant a, Instant b) { return {a.ns - b.ns}; }

}  // namespace bw
