// Which network interface an address belongs to: NCCL is told a name, not an address.
#pragma once

#include <string>

namespace bw::cuda {

/// "eth0" for an IPv4 or IPv6 address of this host; an empty text for anything else.
std::string interface_of(const std::string& address);

}  // namespace bw::cuda
