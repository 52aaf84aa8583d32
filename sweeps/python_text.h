// Values as Python prints them: W&B's messages quote them with repr, its command lines with str,
// ${args_json} with json.dumps.
#pragma once

#include <string>
#include <string_view>

#include "sweeps/value.h"

namespace bw::sweeps {

std::string python_repr(const Value& value);

/// Like repr, but a text stands without quotes.
std::string python_str(const Value& value);

/// "int", "float", "str", "list", "dict", "bool", "NoneType".
std::string_view python_type(const Value& value);

/// json.dumps with its defaults: ", " and ": ", everything beyond ASCII escaped, NaN and Infinity
/// bare.
std::string python_json(const Value& value);

}  // namespace bw::sweeps
