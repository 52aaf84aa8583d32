#include "metrics/scrape_token.h"

#include "base/sha256.h"

namespace bw::metrics {

std::string scrape_token_of(std::string_view token) {
    if (token.empty()) return "";
    return sha256_hex("batchwright scrape " + std::string(token));
}

bool is_bearer(std::string_view header, std::string_view token) {
    const std::string wanted = "Bearer " + std::string(token);
    // Compares every byte, so that the time taken tells nothing of the token.
    unsigned difference = header.size() == wanted.size() ? 0 : 1;
    for (std::size_t i = 0; i < header.size() && i < wanted.size(); ++i) {
        difference |= header[i] == wanted[i] ? 0u : 1u;
    }
    return difference == 0;
}

}  // namespace bw::metrics
