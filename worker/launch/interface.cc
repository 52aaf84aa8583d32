#include "worker/launch/interface.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <optional>

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"

namespace bw::launch {

namespace {

constexpr const char* kAnyPort = "9";  // nothing is sent to it

std::string text_of(const sockaddr* address) {
    char text[INET6_ADDRSTRLEN] = "";
    if (address->sa_family == AF_INET) {
        const auto* v4 = reinterpret_cast<const sockaddr_in*>(address);
        ::inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
    } else if (address->sa_family == AF_INET6) {
        const auto* v6 = reinterpret_cast<const sockaddr_in6*>(address);
        ::inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
    }
    return text;
}

/// The address's bytes, 4 or 16; empty where it is none.
std::vector<unsigned char> bytes_of(const std::string& address) {
    std::array<unsigned char, 16> bytes{};
    if (::inet_pton(AF_INET, address.c_str(), bytes.data()) == 1)
        return {bytes.begin(), bytes.begin() + 4};
    if (::inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1)
        return {bytes.begin(), bytes.end()};
    return {};
}

int prefix_bits_of(const sockaddr* mask) {
    int bits = 0;
    for (const unsigned char byte : bytes_of(mask == nullptr ? "" : text_of(mask)))
        bits += __builtin_popcount(byte);
    return bits;
}

bool is_link_local(const std::string& address) {
    return address.starts_with("fe80") || address.starts_with("169.254.");
}

bool is_in_network(const std::string& address, const std::string& network, int prefix_bits) {
    const auto a = bytes_of(address), b = bytes_of(network);
    if (a.empty() || a.size() != b.size()) return false;
    for (int bit = 0; bit < prefix_bits; ++bit) {
        const auto byte = static_cast<std::size_t>(bit / 8);
        if (((a[byte] ^ b[byte]) >> (7 - bit % 8) & 1) != 0) return false;
    }
    return true;
}

std::string list_of(const std::vector<Interface>& known) {
    std::string text;
    for (const Interface& one : known)
        text += (text.empty() ? "" : ", ") + one.name + " " + one.address;
    return text.empty() ? "none" : text;
}

using AddressList = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

AddressList resolve(const std::string& host) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_DGRAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(host.c_str(), kAnyPort, &hints, &found) != 0) found = nullptr;
    return {found, &::freeaddrinfo};
}

/// A datagram socket that is connected has chosen its own address, by the routing table.
std::string own_address_towards(const addrinfo& peer) {
    const int descriptor = ::socket(peer.ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return "";
    sockaddr_storage own{};
    socklen_t size = sizeof own;
    auto* own_address = reinterpret_cast<sockaddr*>(&own);
    const bool known = ::connect(descriptor, peer.ai_addr, peer.ai_addrlen) == 0 &&
                       ::getsockname(descriptor, own_address, &size) == 0;
    ::close(descriptor);
    return known ? text_of(own_address) : "";
}

const Interface* find_address(const std::vector<Interface>& known, const std::string& address) {
    const auto found = std::ranges::find(known, address, &Interface::address);
    return found == known.end() ? nullptr : &*found;
}

}  // namespace

std::vector<Interface> interfaces() {
    ifaddrs* all = nullptr;
    if (::getifaddrs(&all) != 0) return {};
    std::vector<Interface> known;
    for (const ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
        const bool is_up = (one->ifa_flags & IFF_UP) != 0;
        if (one->ifa_addr == nullptr || !is_up) continue;
        const std::string address = text_of(one->ifa_addr);
        if (address.empty() || is_link_local(address)) continue;
        const bool is_loopback = (one->ifa_flags & IFF_LOOPBACK) != 0;
        known.push_back({one->ifa_name, address, prefix_bits_of(one->ifa_netmask), is_loopback});
    }
    ::freeifaddrs(all);
    std::ranges::stable_partition(known, [](const Interface& one) {
        return one.address.find(':') == std::string::npos;
    });
    return known;
}

Result<Interface> choose_interface(std::string_view wanted, const std::vector<Interface>& known) {
    const std::size_t slash = wanted.find('/');
    const std::string network(wanted.substr(0, slash));
    int bits = 0;
    if (slash != std::string_view::npos) {
        const char* end = wanted.data() + wanted.size();
        const auto parsed = std::from_chars(wanted.data() + slash + 1, end, bits);
        const auto bits_max = static_cast<int>(bytes_of(network).size() * 8);
        if (parsed.ec != std::errc() || parsed.ptr != end || bits < 0 || bits > bits_max ||
            bits_max == 0) {
            return fail(
                Errc::invalid_input,
                "--interface: " + bw::quoted(wanted) + " is no network: expected 10.1.0.0/16"
            );
        }
    }
    for (const Interface& one : known) {
        const bool fits = slash == std::string_view::npos
                              ? one.name == wanted || one.address == wanted
                              : is_in_network(one.address, network, bits);
        if (fits) return one;
    }
    return fail(
        Errc::not_found,
        "--interface: this host has nothing that fits " + bw::quoted(wanted) +
            ": expected a name, a network (10.1.0.0/16) or an address of: " + list_of(known)
    );
}

Result<Interface> route_to(const std::string& host, const std::vector<Interface>& known) {
    const AddressList addresses = resolve(host);
    if (!addresses)
        return fail(Errc::not_found, "the host name " + bw::quoted(host) + " is not known");
    for (const addrinfo* peer = addresses.get(); peer != nullptr; peer = peer->ai_next) {
        const std::string own = own_address_towards(*peer);
        if (const Interface* found = find_address(known, own)) return *found;
    }
    return fail(
        Errc::not_found, "there is no route to " + host + "; this host has " + list_of(known)
    );
}

Result<Interface> reached_by(
    const std::vector<std::vector<std::string>>& hosts, const std::vector<Interface>& known
) {
    std::map<std::string, int> votes;
    for (const auto& addresses : hosts) {
        for (const std::string& address : addresses) {
            if (find_address(known, address) != nullptr) continue;
            const auto route = route_to(address, known);
            if (!route || route->is_loopback) continue;
            // A host of the same network is reached without a gateway, most likely.
            const bool is_near = is_in_network(address, route->address, route->prefix_bits);
            votes[route->address] += is_near ? 2 : 1;
        }
    }
    const auto best =
        std::ranges::max_element(votes, {}, [](const auto& vote) { return vote.second; });
    if (best != votes.end()) return *find_address(known, best->first);
    return fail(
        Errc::not_found,
        "no route to the other hosts: name the interface they are reached by with --interface; "
        "this host has " +
            list_of(known)
    );
}

void name_interface_to_libraries(const Interface& interface) {
    if (interface.is_loopback) return;
    constexpr int kKeepTheUsers = 0;
    ::setenv("GLOO_SOCKET_IFNAME", interface.name.c_str(), kKeepTheUsers);
    // "=": this one, not all whose names begin so.
    ::setenv("NCCL_SOCKET_IFNAME", ("=" + interface.name).c_str(), kKeepTheUsers);
}

}  // namespace bw::launch
