#include "coordinator/coordinator.h"

#include <cstdio>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/thread_pool.hpp>
#include <fcntl.h>
#include <frames.pb.h>
#include <unistd.h>

#include "coordinator/api.h"
#include "coordinator/endpoint.h"
#include "coordinator/net/agent_server.h"
#include "coordinator/net/secret.h"
#include "coordinator/results/layout.h"
#include "coordinator/results/results.h"

namespace bw::coordinator {

namespace asio = boost::asio;

namespace {

Result<void> write_private_file(const std::filesystem::path& path, const std::string& text) {
    const std::string temporary = path.string() + ".new";
    const int descriptor =
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const bool written = descriptor >= 0 && ::write(descriptor, text.data(), text.size()) ==
                                                static_cast<ssize_t>(text.size());
    if (descriptor >= 0) ::close(descriptor);
    if (!written || ::rename(temporary.c_str(), path.c_str()) != 0) {
        return fail(Errc::io, "cannot write " + path.string());
    }
    return boost::system::in_place_value;
}

std::optional<Endpoint> last_endpoint(const std::filesystem::path& state_dir) {
    std::ifstream file(state_dir / "endpoint.json");
    std::stringstream text;
    text << file.rdbuf();
    const auto endpoint = endpoint_from_text(text.str());
    return endpoint ? std::optional(*endpoint) : std::nullopt;
}

// Only what one sweep's results need, so that they can be written on another thread.
core::State slice_of(const core::State& state, SweepId id) {
    core::State slice;
    const core::SweepRecord& sweep = state.sweeps.at(id);
    slice.sweeps.emplace(id, sweep);
    for (const JobId job : sweep.jobs) slice.jobs.emplace(job, state.jobs.at(job));
    slice.agents = state.agents;
    return slice;
}

// STATE/results.json, curves.csv and plot lead to the sweep that ended last.
void point_to_newest(const std::filesystem::path& state_dir, const std::string& sweep_name) {
    for (const char* name : {"results.json", "curves.csv", "plot"}) {
        const std::filesystem::path fresh = state_dir / (std::string(name) + ".new");
        std::error_code
            ignored;  // a convenience: where links cannot be made, the files are still there
        std::filesystem::remove(fresh, ignored);
        std::filesystem::create_symlink(
            std::filesystem::path("sweeps") / sweep_name / name, fresh, ignored
        );
        std::filesystem::rename(fresh, state_dir / name, ignored);
    }
}

int complain(const Error& error) {
    std::fprintf(stderr, "batchwright coordinator: %s\n", error.message.c_str());
    if (error.code == Errc::in_use) return kExitStateInUse;
    const bool of_state = error.code == Errc::io || error.code == Errc::corrupt ||
                          error.code == Errc::version_mismatch;
    return of_state ? kExitStateUnusable : kExitInternal;
}

// A fixed port is taken as it is. Otherwise the last run's comes first, because agents and
// clients that outlived a crash of the coordinator look for it there.
template <class Listen>
auto first_free_port(std::uint16_t fixed, std::uint16_t last, const Listen& listen_on) {
    auto listening = listen_on(fixed != 0 ? fixed : last);
    if (!listening && listening.error().code == Errc::in_use && fixed == 0) return listen_on(0);
    return listening;
}

class Process {
public:
    Process(CoordinatorOptions options, journal::Journal journal, core::State state)
        : options_(std::move(options)), reactor_(io_, std::move(journal), std::move(state)) {}

    int run() {
        if (const auto listening = listen(); !listening) return complain(listening.error());
        signals_.async_wait([this](const boost::system::error_code& error, int) {
            if (!error) shut_down();
        });
        for (const auto& [id, sweep] : reactor_.state().sweeps) {
            const bool written = std::filesystem::exists(
                results::sweep_dir(options_.state_dir, sweep) / "results.json"
            );
            if (sweep.ended && !written) write_results(id);
        }
        reactor_.tick();
        io_.run();
        pool_.join();
        return kExitOk;
    }

private:
    Result<void> listen() {
        const std::optional<Endpoint> last = last_endpoint(options_.state_dir);
        Endpoint endpoint;
        endpoint.host = options_.address;
        endpoint.token = last ? last->token : net::random_secret();
        api_ = std::make_unique<Api>(reactor_, feed_, options_.state_dir, [this] { shut_down(); });

        net::AgentServerOptions agent_options;
        agent_options.address = options_.address;
        agent_options.token = endpoint.token;
        agent_options.lease = options_.lease;
        agent_options.state_dir = options_.state_dir;
        agent_options.attempt_dir = [this](const core::StartRanks& start) {
            const core::SweepRecord& sweep = reactor_.state().sweeps.at(start.sweep);
            return results::attempt_dir(options_.state_dir, sweep, start.ordinal, start.attempt);
        };
        const std::uint16_t last_agent_port = last ? last->agent_port : std::uint16_t{0};
        const std::uint16_t last_http_port = last ? last->http_port : std::uint16_t{0};
        const auto listen_agents = [&](std::uint16_t port) {
            agent_options.port = port;
            return net::AgentServer::listen(
                io_,
                agent_options,
                reactor_.state(),
                [this](core::Input input, Reactor::WhenDurable done) {
                    reactor_.submit(input, std::move(done));
                },
                [this](const proto::Progress& progress) { api_->publish(progress); }
            );
        };
        auto agents = first_free_port(options_.agent_port, last_agent_port, listen_agents);
        if (!agents) return agents.error();
        agents_ = std::move(*agents);

        http::ServerOptions http_options{options_.address, 0, endpoint.token};
        const auto listen_http = [&](std::uint16_t port) {
            http_options.port = port;
            return http::Server::listen(
                io_,
                http_options,
                feed_,
                [this](const http::Request& request, http::Reply reply) {
                    api_->handle(request, std::move(reply));
                }
            );
        };
        auto server = first_free_port(options_.http_port, last_http_port, listen_http);
        if (!server) return server.error();
        server_ = std::move(*server);

        reactor_.connect({
            [this](const core::Effect& effect) { carry_out(effect); },
            [this](const core::Event& event) { api_->publish(event); },
        });
        endpoint.agent_port = agents_->port();
        endpoint.http_port = server_->port();
        return announce(endpoint);
    }

    Result<void> announce(const Endpoint& endpoint) {
        const std::string line = to_text(endpoint) + "\n";
        if (auto written = write_private_file(options_.state_dir / "endpoint.json", line); !written)
            return written;
        if (options_.ready_descriptor < 0) return boost::system::in_place_value;
        const ssize_t sent = ::write(options_.ready_descriptor, line.data(), line.size());
        ::close(options_.ready_descriptor);
        if (sent == static_cast<ssize_t>(line.size())) return boost::system::in_place_value;
        return fail(Errc::peer_gone, "whoever started this coordinator is gone");
    }

    void carry_out(const core::Effect& effect) {
        if (const auto* ended = std::get_if<core::AnnounceSweepEnded>(&effect))
            return write_results(ended->sweep);
        agents_->carry_out(effect);
    }

    void write_results(SweepId id) {
        auto slice = std::make_shared<core::State>(slice_of(reactor_.state(), id));
        asio::post(pool_, [this, id, slice] {
            const core::SweepRecord& sweep = slice->sweeps.at(id);
            const auto written = results::write_results(
                *slice, sweep, options_.state_dir, environment_of(*slice, sweep)
            );
            auto complaints =
                written ? *written : std::vector<std::string>{written.error().message};
            point_to_newest(options_.state_dir, results::sweep_name(sweep));
            asio::post(io_, [this, id, complaints] {
                for (const std::string& text : complaints) {
                    std::fprintf(stderr, "batchwright coordinator: %s\n", text.c_str());
                }
                api_->announce_results(id);
            });
        });
    }

    void shut_down() {
        if (std::exchange(shutting_down_, true)) return;
        agents_->dismiss("the coordinator is shutting down", options_.grace, [this] {
            io_.stop();
        });
    }

    CoordinatorOptions options_;
    asio::io_context io_{1};
    asio::thread_pool pool_{1};
    asio::signal_set signals_{io_, SIGTERM, SIGINT};
    http::Feed feed_;
    Reactor reactor_;
    std::unique_ptr<Api> api_;
    std::unique_ptr<net::AgentServer> agents_;
    std::unique_ptr<http::Server> server_;
    bool shutting_down_ = false;
};

}  // namespace

int run_coordinator(const CoordinatorOptions& given) {
    CoordinatorOptions options = given;
    // Started again by its supervisor, the descriptor is closed: it must not be taken for a file
    // opened below.
    if (options.ready_descriptor >= 0 && fcntl(options.ready_descriptor, F_GETFD) < 0)
        options.ready_descriptor = -1;
    std::error_code error;
    std::filesystem::create_directories(options.state_dir, error);
    if (error) {
        return complain(fail(
            Errc::io,
            "cannot create the state directory " + options.state_dir.string() + ": " +
                error.message() + "; choose another with --state"
        ));
    }
    auto journal = journal::Journal::open(options.state_dir);
    if (!journal) return complain(journal.error());
    auto state = journal->replay();
    if (!state) return complain(state.error());
    Process process(options, std::move(*journal), std::move(*state));
    return process.run();
}

}  // namespace bw::coordinator
