#include "cli/coordinator_address.h"

#include <charconv>
#include <cstdlib>

#include <boost/asio/ip/address.hpp>

#include "base/text.h"
#include "cli/commands.h"

namespace bw::cli {

namespace {

std::string given_or(const std::string& given, const char* variable) {
    const char* value = given.empty() ? std::getenv(variable) : nullptr;
    return value == nullptr ? given : value;
}

bool is_loopback(const std::string& host) {
    boost::system::error_code no_address;
    const auto address = boost::asio::ip::make_address(host, no_address);
    return no_address ? host == "localhost" : address.is_loopback();
}

struct HostPort {
    std::string host;
    std::uint16_t port = 0;
};

/// "host:8470", "10.0.0.1:8470", "[fd00::1]:8470".
Result<HostPort> parse_host_port(const std::string& text) {
    const std::size_t colon = text.rfind(':');
    HostPort parsed;
    if (colon != std::string::npos && colon > 0) {
        parsed.host = text.substr(0, colon);
        const char* end = text.data() + text.size();
        const auto number = std::from_chars(text.data() + colon + 1, end, parsed.port);
        if (number.ec != std::errc() || number.ptr != end) parsed.port = 0;
    }
    const std::string& host = parsed.host;
    if (host.size() > 2 && host.front() == '[' && host.back() == ']')
        parsed.host = host.substr(1, host.size() - 2);
    if (parsed.port != 0) return parsed;
    return fail(
        Errc::invalid_input, "--coordinator: expected HOST:PORT, found " + bw::quoted(text)
    );
}

Result<coordinator::Endpoint> endpoint_of_state(const std::string& state_dir) {
    const std::string path = state_dir + "/endpoint.json";
    const auto text = read_file(path);
    if (text) return coordinator::endpoint_from_text(*text);
    return fail(
        Errc::not_found,
        "no coordinator: " + path +
            " cannot be read; give --coordinator HOST:PORT, or --state with its state directory"
    );
}

}  // namespace

Result<coordinator::Endpoint> find_coordinator(const CoordinatorAddress& address, PortOf port_of) {
    const auto known = endpoint_of_state(address.state_dir);
    coordinator::Endpoint endpoint;
    const std::string given = given_or(address.coordinator, "BATCHWRIGHT_COORDINATOR");
    if (given.empty()) {
        if (!known) return known;
        endpoint = *known;
    } else {
        const auto where = parse_host_port(given);
        if (!where) return where.error();
        std::uint16_t& port = port_of == PortOf::api ? endpoint.http_port : endpoint.agent_port;
        // Its secrets are those of the state directory only where it is the same coordinator.
        if (known) endpoint = *known;
        const bool is_same = known && port == where->port;
        if (!is_same) endpoint = {};
        endpoint.host = where->host;
        port = where->port;
    }
    if (const char* token = std::getenv("BATCHWRIGHT_TOKEN")) endpoint.token = token;
    const std::string fingerprint = given_or(address.fingerprint, "BATCHWRIGHT_FINGERPRINT");
    if (!fingerprint.empty()) {
        const auto digits = wire::parse_fingerprint(fingerprint);
        if (!digits) return digits.error();
        endpoint.fingerprint = *digits;
    }
    if (!endpoint.fingerprint.empty() || is_loopback(endpoint.host)) return endpoint;
    return fail(
        Errc::invalid_input,
        endpoint.host +
            " is beyond loopback, where every connection is TLS: give --fingerprint (or "
            "BATCHWRIGHT_FINGERPRINT) as the coordinator printed it"
    );
}

wire::Security security_of(const coordinator::Endpoint& endpoint) {
    return endpoint.fingerprint.empty() ? wire::Security()
                                        : wire::Security::pinned(endpoint.fingerprint);
}

}  // namespace bw::cli
