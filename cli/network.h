// The options that say how hosts reach one another, and what follows from them.
#pragma once

#include <string>

#include "base/result.h"
#include "coordinator/coordinator.h"
#include "coordinator/endpoint.h"
#include "worker/agent/agent.h"
#include "worker/launch/interface.h"

namespace bw::cli {

/// "29500-29599". An empty text: any port. Errors: invalid_input.
Result<agent::PortRange> parse_port_range(const std::string& text);

/// The coordinator listens on the interface that is named, or on all for "0.0.0.0" and "::"; an
/// empty text leaves its address. Errors: as choose_interface.
Result<void> listen_on(coordinator::CoordinatorOptions& options, const std::string& interface);

/// Where trainers of other hosts reach those of this agent: the interface that is named, or the one
/// from which the route to the coordinator starts. Errors: as choose_interface and route_to.
Result<launch::Interface> interface_of_agent(
    const std::string& interface, const coordinator::Endpoint& endpoint
);

/// "host:8471", "[fd00::1]:8471".
std::string host_and_port(const std::string& host, std::uint16_t port);

}  // namespace bw::cli
