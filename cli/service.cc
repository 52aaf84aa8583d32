#include "cli/service.h"

#include <cstdio>
#include <optional>

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "coordinator/coordinator.h"
#include "coordinator/http/uri.h"

namespace bw::cli {

namespace asio = boost::asio;

namespace {

/// Runs one piece of work with the coordinator's client to its end.
template <class T, class Begin>
Result<T> with_client(const ServiceOptions& options, Begin begin) {
    const auto endpoint = find_coordinator(options.address, PortOf::api);
    if (!endpoint) return endpoint.error();
    asio::io_context io{1};
    Client client(*endpoint);
    std::optional<Result<T>> outcome;
    asio::co_spawn(io, begin(client), [&](std::exception_ptr error, Result<T> result) {
        if (error) std::rethrow_exception(error);
        outcome = std::move(result);
        io.stop();
    });
    io.run();
    return std::move(*outcome);
}

}  // namespace

void add_service_options(CLI::App& verb, ServiceOptions& options) {
    verb.add_option(
        "--coordinator",
        options.address.coordinator,
        "HOST:PORT of its API (default: BATCHWRIGHT_COORDINATOR, then the state directory's)"
    );
    verb.add_option("--state", options.address.state_dir, "The coordinator's state directory")
        ->capture_default_str();
    verb.add_option(
        "--fingerprint", options.address.fingerprint, "Of its certificate, beyond loopback"
    );
    verb.add_flag("--json", options.json, "Print the coordinator's answer as JSON");
}

Result<Json> ask(const ServiceOptions& options, const std::string& path) {
    return with_client<Json>(options, [&](Client& client) { return client.get(path); });
}

Result<Json> tell(const ServiceOptions& options, const std::string& path, const Json& body) {
    return with_client<Json>(options, [&](Client& client) { return client.post(path, body); });
}

Result<void> follow(
    const ServiceOptions& options, const std::string& path, const Client::OnEvent& on_event
) {
    return with_client<void>(options, [&](Client& client) {
        return client.follow(path, on_event);
    });
}

Result<Json> select(const ServiceOptions& options, const std::string& selector) {
    return ask(options, "/api/v1/select?selector=" + http::encode(selector));
}

int give_up(const Error& error) {
    std::fprintf(stderr, "batchwright: %s\n", error.message.c_str());
    if (error.code == Errc::peer_gone || error.code == Errc::timed_out) {
        std::fprintf(
            stderr,
            "start one with \"batchwright coordinator\", or say where it is with --coordinator "
            "HOST:PORT or --state DIR\n"
        );
        return coordinator::kExitNoCoordinator;
    }
    const bool of_input = error.code == Errc::not_found || error.code == Errc::invalid_input ||
                          error.code == Errc::refused;
    return of_input ? coordinator::kExitBadInput : coordinator::kExitInternal;
}

}  // namespace bw::cli
