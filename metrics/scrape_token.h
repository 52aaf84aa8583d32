// The token for whoever only reads metrics: made from the coordinator's token, which it does not
// tell. The coordinator and every agent make the same one, each for itself.
#pragma once

#include <string>
#include <string_view>

namespace bw::metrics {

/// 64 hexadecimal digits; empty for an empty token (none is wanted).
std::string scrape_token_of(std::string_view token);

/// Whether the value of an Authorization header is `Bearer TOKEN`. The time taken tells nothing of
/// the token.
bool is_bearer(std::string_view header, std::string_view token);

}  // namespace bw::metrics
