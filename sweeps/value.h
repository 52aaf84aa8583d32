// Values of the sweep language: what a parameter may hold, from a number to a nested map.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace bw::sweeps {

struct Value;
using List = std::vector<Value>;
using Map = std::vector<std::pair<std::string, Value>>;  // in the order of the file

/// 3 and 3.0 are different values (int64 and double); equality is exact and typed.
struct Value {
    std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, List, Map> data;
    friend bool operator==(const Value&, const Value&);  // not defaulted: g++ 12 may not emit it
};

/// Compact JSON with keys in the order given. Doubles round-trip and keep a point or an exponent;
/// infinities and NaN are the strings "inf", "-inf", "nan".
std::string to_json(const Value& value);

/// The value under a key, or nullptr.
const Value* find_value(const Map& map, std::string_view key);

}  // namespace bw::sweeps
