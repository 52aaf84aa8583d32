#include "cli/network.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace bw::cli {

namespace {

constexpr int kPortMax = 65535;

bool is_every_address(const std::string& text) { return text == "0.0.0.0" || text == "::"; }

}  // namespace

Result<agent::PortRange> parse_port_range(const std::string& text) {
    agent::PortRange range;
    if (text.empty()) return range;
    const char* end = text.data() + text.size();
    const auto first = std::from_chars(text.data(), end, range.first);
    const bool has_dash = first.ec == std::errc() && first.ptr != end && *first.ptr == '-';
    const auto last = std::from_chars(has_dash ? first.ptr + 1 : end, end, range.last);
    const bool is_whole = has_dash && last.ec == std::errc() && last.ptr == end;
    if (is_whole && range.first >= 1 && range.first <= range.last && range.last <= kPortMax)
        return range;
    return fail(
        Errc::invalid_input,
        "--port-range: " + bw::quoted(text) + " is no range of ports: expected 29500-29599"
    );
}

Result<void> listen_on(coordinator::CoordinatorOptions& options, const std::string& interface) {
    if (interface.empty()) return boost::system::in_place_value;
    const auto known = launch::interfaces();
    if (!is_every_address(interface)) {
        const auto chosen = launch::choose_interface(interface, known);
        if (!chosen) return chosen.error();
        options.address = chosen->address;
        return boost::system::in_place_value;
    }
    options.address = interface;
    if (!options.announced_host.empty()) return boost::system::in_place_value;
    const auto outward = std::ranges::find(known, false, &launch::Interface::is_loopback);
    if (outward == known.end())
        return fail(Errc::not_found, "--interface: this host has loopback only");
    options.announced_host = outward->address;
    return boost::system::in_place_value;
}

Result<launch::Interface> interface_of_agent(
    const std::string& interface, const coordinator::Endpoint& endpoint
) {
    const auto known = launch::interfaces();
    if (is_every_address(interface)) {
        return fail(
            Errc::invalid_input,
            "--interface: " + interface + " is no address that others could connect to"
        );
    }
    if (!interface.empty()) return launch::choose_interface(interface, known);
    return launch::route_to(endpoint.host, known);
}

std::string host_and_port(const std::string& host, std::uint16_t port) {
    const bool is_v6 = host.find(':') != std::string::npos;
    return (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

}  // namespace bw::cli
