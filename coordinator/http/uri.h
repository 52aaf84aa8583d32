// The parts of a request's target: percent-encoding and queries. Pure; any bytes are safe.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace bw::http {

/// Everything but letters, digits and "-._~" becomes %XX, so that the result is one path segment
/// or one value of a query.
std::string encode(std::string_view text);

/// Errors: Errc::invalid_input for a % that no two hexadecimal digits follow.
Result<std::string> decode(std::string_view text);

/// "limit=10&state=failed". A key without "=" has an empty value; a later one replaces an earlier
/// one. Errors: as decode().
Result<std::map<std::string, std::string>> parse_query(std::string_view query);

}  // namespace bw::http
