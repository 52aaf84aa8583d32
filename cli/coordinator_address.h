// Where a sub-command finds its coordinator, and how it proves itself: options, then environment,
// then the state directory's endpoint.json.
#pragma once

#include <string>

#include "base/result.h"
#include "coordinator/endpoint.h"
#include "wire/security.h"

namespace bw::cli {

struct CoordinatorAddress {
    std::string coordinator;  // HOST:PORT; empty: BATCHWRIGHT_COORDINATOR, then the state directory
    std::string fingerprint;  // empty: BATCHWRIGHT_FINGERPRINT, then the state directory
    std::string state_dir = "batchwright-state";
    // The token is never an option, which other users of the host could read: BATCHWRIGHT_TOKEN,
    // then the state directory.
};

/// Which of the coordinator's two ports HOST:PORT names.
enum class PortOf { api, agents };

/// Errors: not_found (nothing says where), invalid_input (no HOST:PORT, no fingerprint's form, or
/// none for a coordinator beyond loopback).
Result<coordinator::Endpoint> find_coordinator(const CoordinatorAddress& address, PortOf port_of);

/// TLS pinned to the endpoint's fingerprint, or in clear where it has none.
wire::Security security_of(const coordinator::Endpoint& endpoint);

}  // namespace bw::cli
