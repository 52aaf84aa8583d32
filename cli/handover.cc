#include "cli/handover.h"

#include <chrono>
#include <cstdlib>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>
#include <unistd.h>

#include "base/process.h"
#include "cli/commands.h"
#include "coordinator/net/private_file.h"

extern char** environ;

namespace bw::cli {

namespace {

constexpr auto kPatience = std::chrono::minutes(5);  // rank 0 may have a long journal to replay

/// Host name and addresses: what one rank says of its host.
std::string describe_host(const std::vector<launch::Interface>& known) {
    nlohmann::json addresses = nlohmann::json::array();
    std::string text;
    for (const launch::Interface& one : known) {
        if (one.is_loopback) continue;
        addresses.push_back(one.address);
        const nlohmann::json body{{"host", host_name()}, {"addresses", addresses}};
        const std::string longer = body.dump();
        if (longer.size() >= launch::kGatheredBytesMax) break;
        text = longer;
    }
    return text;
}

std::vector<std::vector<std::string>> addresses_of_others(const std::vector<std::string>& texts) {
    std::set<std::vector<std::string>> hosts;  // each once, however many ranks it runs
    for (const std::string& text : texts) {
        const nlohmann::json body = nlohmann::json::parse(text, nullptr, false);
        if (!body.is_object() || !body.contains("addresses")) continue;
        hosts.insert(body["addresses"].get<std::vector<std::string>>());
    }
    return {hosts.begin(), hosts.end()};
}

/// Slurm's launcher is one of the cluster's hosts, or the first of the step itself.
Result<launch::Interface> reached_under_slurm(const std::vector<launch::Interface>& known) {
    const char* launcher = std::getenv("SLURM_LAUNCH_NODE_IPADDR");
    auto route = launcher == nullptr ? Result<launch::Interface>(fail(Errc::not_found, ""))
                                     : launch::route_to(launcher, known);
    if (route && !route->is_loopback) return route;
    return fail(
        Errc::not_found,
        "SLURM_LAUNCH_NODE_IPADDR does not tell the network that the hosts share: name it with "
        "--interface"
    );
}

}  // namespace

std::string to_text(const StartOrder& order) {
    nlohmann::json body{{"start", order.start}, {"environment", order.environment}};
    if (order.start) body["endpoint"] = nlohmann::json::parse(coordinator::to_text(order.endpoint));
    return body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Result<StartOrder> start_order_from_text(const std::string& text) {
    try {
        const nlohmann::json body = nlohmann::json::parse(text);
        StartOrder order;
        body.at("start").get_to(order.start);
        body.at("environment").get_to(order.environment);
        if (!order.start) return order;
        auto endpoint = coordinator::endpoint_from_text(body.at("endpoint").dump());
        if (!endpoint) return endpoint.error();
        order.endpoint = std::move(*endpoint);
        return order;
    } catch (const nlohmann::json::exception& error) {
        return fail(Errc::corrupt, std::string("rank 0's message cannot be read: ") + error.what());
    }
}

Handover::Handover(const launch::Place& place, std::filesystem::path state_dir)
    : place_(place), state_dir_(std::move(state_dir)) {}

Handover::~Handover() {
    if (wrote_file_) ::unlink(file().c_str());
}

bool Handover::has_others() const {
    return place_.launcher == launch::Launcher::mpi || place_.size > 1;
}

/// Of this step alone: a file that a killed step left behind must not be taken for this one's.
std::filesystem::path Handover::file() const {
    std::string name = "launch";
    for (const char* variable : {"SLURM_JOB_ID", "SLURM_STEP_ID", "SLURM_RESTART_COUNT"}) {
        const char* value = std::getenv(variable);
        name += std::string("-") + (value == nullptr ? "0" : value);
    }
    return state_dir_ / (name + ".json");
}

Result<launch::Interface> Handover::meet() {
    const auto known = launch::interfaces();
    if (place_.launcher != launch::Launcher::mpi) return reached_under_slurm(known);
    const auto texts = launch::gather_over_mpi(place_, describe_host(known));
    if (!texts) return texts.error();
    if (place_.rank != 0) return launch::Interface{};
    return launch::reached_by(addresses_of_others(*texts), known);
}

Result<void> Handover::tell(const StartOrder& order) {
    if (!has_others()) return boost::system::in_place_value;
    const std::string text = to_text(order);
    if (place_.launcher == launch::Launcher::mpi) {
        const auto told = launch::broadcast_over_mpi(text);
        if (!told) return told.error();
        return boost::system::in_place_value;
    }
    std::error_code shows_in_writing;
    std::filesystem::create_directories(state_dir_, shows_in_writing);
    wrote_file_ = true;
    return net::write_private_file(file(), text);
}

Result<StartOrder> Handover::hear(const std::function<bool()>& keep_waiting) {
    if (place_.launcher == launch::Launcher::mpi) {
        const auto told = launch::broadcast_over_mpi("");
        if (!told) return told.error();
        return start_order_from_text(*told);
    }
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < deadline) {
        if (std::filesystem::exists(file())) {
            const auto text = read_file(file().string());
            if (text) return start_order_from_text(*text);
        }
        if (!keep_waiting()) return fail(Errc::cancelled, "interrupted");
    }
    return fail(
        Errc::timed_out,
        "rank 0 has not written " + file().string() +
            ": do all hosts see the state directory under the same path?"
    );
}

std::map<std::string, std::string> passed_on_environment() {
    std::map<std::string, std::string> passed;
    for (char** variable = environ; *variable != nullptr; ++variable) {
        const std::string_view text = *variable;
        const std::size_t equals = text.find('=');
        const std::string_view name = text.substr(0, equals);
        const bool is_ours = name == "BATCHWRIGHT_TRAINER" || name == "BATCHWRIGHT_DATA";
        if (equals == std::string_view::npos || !(is_ours || name.starts_with("NCCL_"))) continue;
        passed.emplace(name, text.substr(equals + 1));
    }
    return passed;
}

}  // namespace bw::cli
