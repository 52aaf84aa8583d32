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

#include "coordinator/api/api.h"
#include "coordinator/endpoint.h"
#include "coordinator/net/agent_server.h"
#include "coordinator/net/identity.h"
#include "coordinator/net/private_file.h"
#include "coordinator/net/secret.h"
#include "coordinator/observe/observer.h"
#include "coordinator/profiles.h"
#include "coordinator/reactor.h"
#include "coordinator/results/layout.h"
#include "coordinator/results/results.h"
#include "coordinator/searching.h"
#include "metrics/scrape_token.h"

namespace bw::coordinator {

namespace asio = boost::asio;

namespace {

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

Error with_remedy(Error error, const char* option) {
    if (error.code == Errc::in_use)
        error.message += std::string("; choose another with ") + option + " PORT, 0: any free one";
    return error;
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
        : options_(std::move(options)),
          events_(journal.last_sequence()),
          reactor_(io_, std::move(journal), std::move(state)) {}

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
        learn_profiles();
        reactor_.tick();
        searching_.look(reactor_.state(), now());
        io_.run();
        searching_.join();
        pool_.join();
        return kExitOk;
    }

private:
    Result<void> listen() {
        const std::optional<Endpoint> last = last_endpoint(options_.state_dir);
        const auto security = make_security();
        if (!security) return security.error();
        // Agents of other hosts have working folders of their own.
        if (security->is_tls()) options_.state_dir = std::filesystem::absolute(options_.state_dir);
        Endpoint endpoint;
        endpoint.host =
            options_.announced_host.empty() ? options_.address : options_.announced_host;
        endpoint.token = last ? last->token : net::random_secret();
        endpoint.fingerprint = security->fingerprint();
        // A service, and whatever others must be told of: the documented ports, where they are
        // free.
        if (security->is_tls() || options_.ready_descriptor < 0) {
            endpoint.agent_port = kDefaultAgentPort;
            endpoint.http_port = kDefaultHttpPort;
        }
        if (last) {
            endpoint.agent_port = last->agent_port;
            endpoint.http_port = last->http_port;
        }
        api_ = std::make_unique<api::Api>(io_, core_port(), options_.state_dir, [this] {
            shut_down();
        });
        observer_ = std::make_unique<observe::Observer>(
            *api_, observe::ObserverOptions{options_.state_dir / "journal.db", events_}
        );
        if (auto agents = listen_for_agents(endpoint, *security); !agents) return agents;
        if (auto clients = listen_for_clients(endpoint, *security); !clients) return clients;
        reactor_.connect({
            [this](const core::Effect& effect) { carry_out(effect); },
            [this](const core::Event& event) { api_->publish(event); },
            [this](const Commit& commit) {
                observer_->note_commit(commit.took, commit.decisions, commit.events);
                searching_.look(reactor_.state(), now());
            },
        });
        endpoint.agent_port = agents_->port();
        endpoint.http_port = server_->port();
        return announce(endpoint);
    }

    Result<void> listen_for_agents(const Endpoint& wanted, const wire::Security& security) {
        net::AgentServerOptions agent_options;
        agent_options.address = options_.address;
        agent_options.token = wanted.token;
        agent_options.security = security;
        agent_options.lease = options_.lease;
        agent_options.state_dir = options_.state_dir;
        agent_options.attempt_dir = [this](const core::StartRanks& start) {
            const core::SweepRecord& sweep = reactor_.state().sweeps.at(start.sweep);
            return results::attempt_dir(options_.state_dir, sweep, start.ordinal, start.attempt);
        };
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
        auto agents = first_free_port(options_.agent_port, wanted.agent_port, listen_agents);
        if (!agents) return with_remedy(agents.error(), "--agent-port");
        agents_ = std::move(*agents);
        return boost::system::in_place_value;
    }

    Result<void> listen_for_clients(const Endpoint& wanted, const wire::Security& security) {
        http::ServerOptions http_options{
            options_.address, 0, wanted.token, security, metrics::scrape_token_of(wanted.token)};
        const auto listen_http = [&](std::uint16_t port) {
            http_options.port = port;
            return http::Server::listen(
                io_,
                http_options,
                [this](const http::Request& request, const http::Reply& reply) {
                    api_->handle(request, reply);
                }
            );
        };
        auto server = first_free_port(options_.http_port, wanted.http_port, listen_http);
        if (!server) return with_remedy(server.error(), "--http-port");
        server_ = std::move(*server);
        return boost::system::in_place_value;
    }

    /// In clear on loopback, else TLS; not a matter of choice.
    [[nodiscard]] Result<wire::Security> make_security() const {
        boost::system::error_code no_address;
        const auto address = asio::ip::make_address(options_.address, no_address);
        if (no_address || address.is_loopback()) return wire::Security();
        return net::load_or_make_identity(options_.state_dir);
    }

    /// `plan --profile` and `profile` may have made some.
    void learn_profiles() {
        auto changed = profiles_.read_changed();
        if (!changed.empty()) reactor_.submit(core::LearnProfiles{std::move(changed)});
    }

    api::CorePort core_port() {
        return {
            [this](const core::Input& input, Reactor::WhenDurable done) {
                if (std::holds_alternative<core::SubmitSweep>(input)) learn_profiles();
                reactor_.submit(input, std::move(done));
            },
            [this]() -> const core::State& { return reactor_.state(); },
            now,
            [this](Reactor::Visit visit, std::function<void(Result<void>)> done) {
                reactor_.read_journal(std::move(visit), std::move(done));
            },
            options_.allows_programs,
        };
    }

    Result<void> announce(const Endpoint& endpoint) {
        const std::string line = to_text(endpoint) + "\n";
        const auto path = options_.state_dir / "endpoint.json";
        if (auto written = net::write_private_file(path, line); !written) return written;
        // For whoever only reads metrics, in a file of its own, as Prometheus wants it.
        const std::string scrape_token = metrics::scrape_token_of(endpoint.token) + "\n";
        const auto beside = options_.state_dir / "scrape_token";
        if (auto written = net::write_private_file(beside, scrape_token); !written) return written;
        say_where(endpoint);
        if (options_.ready_descriptor < 0) return boost::system::in_place_value;
        const ssize_t sent = ::write(options_.ready_descriptor, line.data(), line.size());
        ::close(options_.ready_descriptor);
        if (sent == static_cast<ssize_t>(line.size())) return boost::system::in_place_value;
        return fail(Errc::peer_gone, "whoever started this coordinator is gone");
    }

    void say_where(const Endpoint& endpoint) const {
        const std::string certificate =
            endpoint.fingerprint.empty() ? "" : ", certificate fingerprint " + endpoint.fingerprint;
        if (certificate.empty() && options_.ready_descriptor >= 0) return;
        std::fprintf(
            stderr,
            "batchwright coordinator: %s: API port %u, agents' port %u%s\n",
            endpoint.host.c_str(),
            unsigned{endpoint.http_port},
            unsigned{endpoint.agent_port},
            certificate.c_str()
        );
    }

    // Also an answer that changes nothing makes room for the next question.
    void take_answer(const core::Input& answer) {
        reactor_.submit(answer, [this](const core::State& state) {
            searching_.look(state, now());
        });
    }

    void carry_out(const core::Effect& effect) {
        if (const auto* ended = std::get_if<core::AnnounceSweepEnded>(&effect))
            return write_results(ended->sweep);
        agents_->carry_out(effect);
        if (const auto* start = std::get_if<core::StartRanks>(&effect))
            observer_->note_dispatch(*start);
    }

    // The replica knows all that led to this, and copying a large sweep is nothing for the loop.
    void write_results(SweepId id) {
        api_->await_results(id);
        api_->replica().run([this, id](const api::Books& books) {
            auto slice = std::make_shared<core::State>(slice_of(books.state, id));
            asio::post(pool_, [this, id, slice] { write_slice(id, *slice); });
        });
    }

    void write_slice(SweepId id, const core::State& slice) {
        const core::SweepRecord& sweep = slice.sweeps.at(id);
        const auto written = results::write_results(
            slice, sweep, options_.state_dir, api::environment_of(slice, sweep)
        );
        const auto complaints =
            written ? *written : std::vector<std::string>{written.error().message};
        point_to_newest(options_.state_dir, results::sweep_name(sweep));
        asio::post(io_, [this, id, complaints] {
            for (const std::string& text : complaints) {
                std::fprintf(stderr, "batchwright coordinator: %s\n", text.c_str());
            }
            api_->announce_results(id);
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
    ProfileFolder profiles_{options_.state_dir / "profiles"};
    std::uint64_t events_;  // in the journal, at the start
    Reactor reactor_;
    std::unique_ptr<observe::Observer> observer_;  // outlives the API, whose thread uses it
    Searching searching_{io_, [this](const core::Input& answer) { take_answer(answer); }};
    std::unique_ptr<api::Api> api_;
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
