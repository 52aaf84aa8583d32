// Which of this host's addresses others use: chosen by name, network or address, or found by asking
// the kernel for its route. No packet is sent. Errors say which addresses there are.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace bw::launch {

struct Interface {
    std::string name;     // "eth0"; "lo" for loopback
    std::string address;  // numeric
    int prefix_bits = 0;
    bool is_loopback = false;
    friend bool operator==(const Interface&, const Interface&) = default;
};

/// Those that are up, IPv4 before IPv6; without link-local ones.
std::vector<Interface> interfaces();

/// "eth0", "10.1.0.0/16" or "10.1.2.3" of this host. Errors: not_found, invalid_input.
Result<Interface> choose_interface(std::string_view wanted, const std::vector<Interface>& known);

/// The one from which the route to a host (a name or an address) starts. Errors: not_found.
Result<Interface> route_to(const std::string& host, const std::vector<Interface>& known);

/// Under which address hosts with these addresses, one list a host, reach this one: where the
/// routes to most of them start; addresses that this host has too (of a bridge for containers, say)
/// tell nothing. Errors: not_found, which asks for --interface.
Result<Interface> reached_by(
    const std::vector<std::vector<std::string>>& hosts, const std::vector<Interface>& known
);

/// GLOO_SOCKET_IFNAME and NCCL_SOCKET_IFNAME for this process's children, unless the user has set
/// them.
void name_interface_to_libraries(const Interface& interface);

}  // namespace bw::launch
