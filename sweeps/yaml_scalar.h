// What a plain YAML scalar means (../shared/sweeps/SYNTAX.md 0.2): numbers by the YAML 1.2 core
// schema, so that 1e-5 is a number, and YAML 1.1's other readings, which people's files rely on,
// with a note.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sweeps/value.h"

namespace bw::sweeps {

struct Scalar {
    Value value;
    std::string note;  // not empty: a reading that surprises; what to write instead
};

/// An unquoted scalar.
Scalar resolve_plain(std::string_view text);

/// A number in any of the accepted forms, for `!!float` and `!!int`.
std::optional<Value> resolve_number(std::string_view text);

}  // namespace bw::sweeps
