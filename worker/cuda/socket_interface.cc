#include "worker/cuda/socket_interface.h"

#include <array>
#include <cstring>
#include <memory>

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace bw::cuda {

namespace {

std::string text_of(const sockaddr& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    sockaddr_in v4{};
    sockaddr_in6 v6{};
    switch (address.sa_family) {
        case AF_INET:
            std::memcpy(&v4, &address, sizeof v4);
            inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
            return text.data();
        case AF_INET6:
            std::memcpy(&v6, &address, sizeof v6);
            inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
            return text.data();
    }
    return {};
}

}  // namespace

std::string interface_of(const std::string& address) {
    ifaddrs* first = nullptr;
    if (address.empty() || getifaddrs(&first) != 0) return {};
    const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> all(first, &freeifaddrs);
    for (const ifaddrs* item = first; item != nullptr; item = item->ifa_next) {
        if (item->ifa_addr != nullptr && text_of(*item->ifa_addr) == address) return item->ifa_name;
    }
    return {};
}

}  // namespace bw::cuda
