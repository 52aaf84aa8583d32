// What the clients of a running coordinator share: where it is, one request, how an error ends.
#pragma once

#include <functional>
#include <string>

#include <nlohmann/json.hpp>

#include "base/result.h"
#include "cli/client.h"
#include "cli/coordinator_address.h"

namespace CLI {
class App;
}

namespace bw::cli {

using Json = nlohmann::json;

/// What every client verb takes.
struct ServiceOptions {
    CoordinatorAddress address;
    bool json = false;  // print the reply's body, and nothing else, on stdout
};

void add_service_options(CLI::App& verb, ServiceOptions& options);

/// One request, to its end. Errors: as Client's, and find_coordinator's.
Result<Json> ask(const ServiceOptions& options, const std::string& path);
Result<Json> tell(const ServiceOptions& options, const std::string& path, const Json& body);

/// An event stream, until `on_event` has enough or the coordinator ends it.
Result<void> follow(
    const ServiceOptions& options, const std::string& path, const Client::OnEvent& on_event
);

/// The path of what a selector names, from the coordinator: /api/v1/sweeps/3/jobs/5. Errors:
/// refused, with the coordinator's own message.
Result<Json> select(const ServiceOptions& options, const std::string& selector);

/// Prints the error and what to do about it; returns the exit status.
int give_up(const Error& error);

}  // namespace bw::cli
