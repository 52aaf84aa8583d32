#include "cli/run_session.h"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fcntl.h>
#include <unistd.h>

#include "cli/agent_child.h"
#include "cli/network.h"
#include "coordinator/results/leaderboard.h"
#include "worker/launch/interface.h"

namespace bw::cli {

namespace asio = boost::asio;

namespace {

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
constexpr auto kRedrawPeriod = std::chrono::milliseconds(250);
constexpr auto kHandoverPause = std::chrono::milliseconds(50);
constexpr auto kReconnectPause = std::chrono::milliseconds(300);

LiveView::Style style_of(const RunOptions& options, const launch::Place& place) {
    if (place.rank != 0) return LiveView::Style::silent;
    if (isatty(STDERR_FILENO) == 0) return LiveView::Style::plain;
    return options.json ? LiveView::Style::plain : LiveView::Style::terminal;
}

void rethrow(std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
}

}  // namespace

RunSession::RunSession(const RunOptions& options, const SweepFile& file, const launch::Place& place)
    : options_(options),
      file_(file),
      place_(place),
      view_(style_of(options, place)),
      handover_(place, options.state_dir) {}

int RunSession::run() {
    signals_.add(SIGINT);
    signals_.add(SIGTERM);
    on_signal();
    return place_.rank == 0 ? run_leader() : run_follower();
}

int RunSession::run_leader() {
    const Result<std::string> address = find_address();
    if (!address) return give_up(report(address.error()));
    const Started started = start_coordinator(*address);
    if (started.failed_status != 0) return give_up(started.failed_status);
    Client client(started.endpoint);
    const auto reply = submit_and_wait(client);
    const bool accepted = reply && reply->has_value();
    if (accepted) submitted_ = **reply;
    StartOrder order;
    order.start = accepted && !submitted_.value("ended", false);
    order.endpoint = started.endpoint;
    order.environment = passed_on_environment();
    if (const auto told = handover_.tell(order); !told) {
        view_.say("batchwright run: " + told.error().message);
        status_ = coordinator::kExitInternal;
    }
    if (!accepted && reply) status_ = report(reply->error());
    if (interrupted_) status_ = coordinator::kExitInterrupted;
    if (!accepted || status_ != 0) {
        end(status_);
    } else {
        if (order.start) start_agent(order);
        asio::co_spawn(io_, lead(client), rethrow);
    }
    io_.run();
    return status_;
}

Result<std::string> RunSession::find_address() {
    Result<launch::Interface> found = launch::Interface{};  // no address: loopback
    // Also where --interface decides: the others are in it.
    if (handover_.spans_hosts()) found = handover_.meet();
    if (!options_.interface.empty())
        found = launch::choose_interface(options_.interface, launch::interfaces());
    if (!found) return found.error();
    return found->address;
}

int RunSession::give_up(int status) {
    (void)handover_.tell(StartOrder{});
    return status;
}

std::optional<Result<nlohmann::json>> RunSession::submit_and_wait(Client& client) {
    std::optional<Result<nlohmann::json>> reply;
    asio::co_spawn(
        io_,
        submit(client),
        [&](std::exception_ptr error, Result<nlohmann::json> result) {
            rethrow(error);
            reply = std::move(result);
            io_.stop();
        }
    );
    io_.run();
    io_.restart();
    return reply;
}

int RunSession::run_follower() {
    if (handover_.spans_hosts()) {
        if (const auto met = handover_.meet(); !met && place_.launcher == launch::Launcher::mpi)
            return report(met.error());
    }
    const auto order = handover_.hear([this] {
        io_.restart();
        io_.run_for(kHandoverPause);
        return !interrupted_;
    });
    if (!order) {
        return order.error().code == Errc::cancelled ? coordinator::kExitInterrupted
                                                     : report(order.error());
    }
    if (!order->start) return coordinator::kExitOk;
    io_.restart();
    start_agent(*order);
    io_.run();
    return status_;
}

RunSession::Started RunSession::start_coordinator(const std::string& address) {
    Started started;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return {{}, coordinator::kExitInternal};
    asio::posix::stream_descriptor reader(io_, ends[0]);
    launch::ChildOptions child;
    child.name = "coordinator";
    child.argv = {
        own_path(),
        "coordinator",
        "--state",
        options_.state_dir,
        "--allow-programs",  // who starts this coordinator is who wrote the file
        "--ready-fd",
        std::to_string(ends[1])};
    if (!address.empty()) child.argv.insert(child.argv.end(), {"--address", address});
    if (options_.lease_s > 0)
        child.argv.insert(child.argv.end(), {"--lease", std::to_string(options_.lease_s)});
    child.inherited_once = {ends[1]};
    child.final_statuses = {
        0,
        coordinator::kExitBadInput,
        coordinator::kExitStateInUse,
        coordinator::kExitStateUnusable};
    supervisor_.start(child, [this](int status) { on_coordinator_end(status); });
    std::string line;
    asio::async_read_until(
        reader,
        asio::dynamic_buffer(line),
        '\n',
        [&](const boost::system::error_code& error, std::size_t) {
            if (!error) io_.stop();
        }
    );
    io_.run();
    io_.restart();
    close(ends[1]);
    coordinator_ready_ = true;
    if (status_ != 0) return {{}, status_};
    const auto endpoint = coordinator::endpoint_from_text(line);
    if (!endpoint) return {{}, report(endpoint.error())};
    started.endpoint = *endpoint;
    return started;
}

void RunSession::on_coordinator_end(int status) {
    if (sweep_over_ || interrupted_) return;  // as it should
    status_ = status == 0 ? coordinator::kExitInternal : status;
    if (!coordinator_ready_) return io_.stop();
    end(status_);
}

void RunSession::start_agent(const StartOrder& order) {
    constexpr int kKeepOwn = 0, kReplace = 1;
    for (const auto& [name, value] : order.environment)
        setenv(name.c_str(), value.c_str(), kKeepOwn);
    // By the environment, which other users cannot read.
    setenv("BATCHWRIGHT_TOKEN", order.endpoint.token.c_str(), kReplace);
    setenv("BATCHWRIGHT_FINGERPRINT", order.endpoint.fingerprint.c_str(), kReplace);
    WorkerOptions worker;
    worker.coordinator = host_and_port(order.endpoint.host, order.endpoint.agent_port);
    worker.state_dir = options_.state_dir;
    worker.device = options_.device;
    worker.local_rank = place_.local_rank;
    worker.local_size = place_.local_size;
    worker.data_path = options_.data_path;
    worker.trainer = options_.trainer;
    worker.interface = options_.interface;
    worker.port_range = options_.port_range;
    worker.keep_affinity = options_.keep_affinity;
    supervisor_.start(agent_child(worker), [this](int status) { on_agent_end(status); });
}

void RunSession::on_agent_end(int status) {
    const bool is_leader = place_.rank == 0;
    if (is_leader && (sweep_over_ || interrupted_)) return;  // as it should
    if (status != 0 && !interrupted_) {
        view_.say("batchwright run: the agent ended with status " + std::to_string(status));
    } else if (is_leader) {
        view_.say(
            "batchwright run: the agent has left; the sweep goes on where others offer slots: "
            "\"batchwright worker --state " +
            options_.state_dir + "\" starts one"
        );
        return;
    }
    end(interrupted_ ? 0 : status);
}

asio::awaitable<Result<nlohmann::json>> RunSession::submit(Client& client) {
    nlohmann::json body = {
        {"file_name", file_.path},
        {"text", file_.text},
        {"fresh", options_.fresh},
        {"agents", place_.size}};
    co_return co_await client.post("/api/v1/sweeps", std::move(body));
}

asio::awaitable<void> RunSession::lead(Client& client) {
    const std::string path = "/api/v1/sweeps/" + submitted_["sweep"].dump();
    const std::string number = "sweep " + submitted_["sweep"].dump();
    if (submitted_.value("ended", false)) {
        view_.say(options_.file + ": " + number + " is finished already; --fresh starts it anew");
    } else if (submitted_.value("known", false)) {
        view_.say(options_.file + ": going on with " + number);
    } else if (submitted_.value("changed", false)) {
        view_.say(
            options_.file + ": the file has changed since its last sweep: starting " + number
        );
    }
    if (!submitted_.value("ended", false)) {
        asio::co_spawn(io_, redraw(), rethrow);
        co_await follow_to_the_end(client, path + "/events");
    }
    if (!interrupted_) co_await finish(client, path);
}

asio::awaitable<void> RunSession::follow_to_the_end(Client& client, std::string path) {
    asio::steady_timer pause(io_);
    Client::OnEvent on_event = [this](const std::string& name, const nlohmann::json& data) {
        if (name == "ended") sweep_over_ = true;
        view_.on_event(name, data);
        return !sweep_over_ && !interrupted_;
    };
    while (!sweep_over_ && !interrupted_) {
        // The stream breaks when the coordinator dies; its supervisor starts it again, and the
        // snapshot at the head of the next stream tells what was missed.
        const Result<void> streamed = co_await client.follow(path, on_event);
        if (sweep_over_ || interrupted_) break;
        (void)streamed;
        pause.expires_after(kReconnectPause);
        const auto waited = co_await pause.async_wait(kNoThrow);
        (void)waited;
    }
}

asio::awaitable<void> RunSession::finish(Client& client, std::string sweep_path) {
    sweep_over_ = true;
    std::string results_path = sweep_path + "/results";
    const Result<nlohmann::json> results = co_await client.get(std::move(results_path));
    const Result<nlohmann::json> summary = co_await client.get(std::move(sweep_path));
    if (summary) results_dir_ = summary->value("results", "");
    if (!results || !summary) {
        end(report(results ? summary.error() : results.error()));
        co_return;
    }
    if (options_.json) {
        std::printf("%s\n", results->dump(2).c_str());
        std::fflush(stdout);
    } else {
        view_.say(results::leaderboard_text(*results, file_.sweep.metric));
        view_.say("results: " + summary->value("results", ""));
    }
    const bool all_finished = summary->value("unsuccessful", 1) == 0;
    end(all_finished ? coordinator::kExitOk : coordinator::kExitPointsUnfinished);
}

asio::awaitable<void> RunSession::redraw() {
    asio::steady_timer timer(io_);
    while (!sweep_over_ && !interrupted_) {
        view_.draw();
        timer.expires_after(kRedrawPeriod);
        const auto waited = co_await timer.async_wait(kNoThrow);
        (void)waited;
    }
}

void RunSession::on_signal() {
    signals_.async_wait([this](const boost::system::error_code& error, int signal) {
        if (error) return;
        if (interrupted_ && signal == SIGTERM) return on_signal();  // mpirun repeats it
        if (interrupted_) {  // Ctrl-C for the second time: at once
            supervisor_.hurry();
            std::_Exit(coordinator::kExitInterrupted);
        }
        interrupted_ = true;
        view_.say("stopping: running jobs write a checkpoint; the same command goes on from there");
        end(coordinator::kExitInterrupted);
        on_signal();
    });
}

void RunSession::end(int status) {
    status_ = status;
    supervisor_.stop([this] { io_.stop(); });
}

}  // namespace bw::cli
