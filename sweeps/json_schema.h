// Checks a value against a JSON Schema (the part of draft 7 that the sweep language needs), with
// the messages and in the order of Python's jsonschema package: what W&B prints as violations.
#pragma once

#include <string>
#include <vector>

#include "sweeps/value.h"

namespace bw::sweeps {

/// `root` resolves "#/definitions/NAME". Knows: $ref, type, enum, required, properties,
/// additionalProperties, propertyNames with the pattern of parameter names, minProperties,
/// dependencies, items, minItems, minimum, exclusiveMinimum, format float and integer, anyOf,
/// oneOf.
std::vector<std::string> schema_violations(
    const Map& root, const Map& schema, const Value& instance
);

bool conforms(const Map& root, const Map& schema, const Value& instance);

/// [A-Za-z_][A-Za-z0-9_.-]*
bool is_parameter_name(std::string_view name);

}  // namespace bw::sweeps
