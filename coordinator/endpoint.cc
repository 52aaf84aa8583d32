#include "coordinator/endpoint.h"

#include <nlohmann/json.hpp>

namespace bw::coordinator {

std::string to_text(const Endpoint& endpoint) {
    return nlohmann::json{
        {"host", endpoint.host},
        {"http_port", endpoint.http_port},
        {"agent_port", endpoint.agent_port},
        {"token", endpoint.token},
        {"fingerprint", endpoint.fingerprint},
    }
        .dump();
}

Result<Endpoint> endpoint_from_text(const std::string& text) {
    const nlohmann::json body = nlohmann::json::parse(text, nullptr, false);
    try {
        Endpoint endpoint;
        body.at("host").get_to(endpoint.host);
        body.at("http_port").get_to(endpoint.http_port);
        body.at("agent_port").get_to(endpoint.agent_port);
        body.at("token").get_to(endpoint.token);
        endpoint.fingerprint = body.value("fingerprint", "");
        return endpoint;
    } catch (const nlohmann::json::exception& error) {
        return fail(
            Errc::corrupt, std::string("the coordinator's endpoint cannot be read: ") + error.what()
        );
    }
}

}  // namespace bw::coordinator
