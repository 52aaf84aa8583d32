// Where a coordinator listens, the token it wants and the certificate it shows:
// STATE/endpoint.json, readable by its owner only.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace bw::coordinator {

struct Endpoint {
    std::string host = "127.0.0.1";
    std::uint16_t http_port = 0;
    std::uint16_t agent_port = 0;
    std::string token;
    std::string fingerprint;  // of its TLS certificate; empty: in clear, on loopback
};

std::string to_text(const Endpoint& endpoint);                 // one line of JSON
Result<Endpoint> endpoint_from_text(const std::string& text);  // Errc::corrupt

}  // namespace bw::coordinator
