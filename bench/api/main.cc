// bw_bench_api [POINTS]: the longest stall of the coordinator's loop while clients ask about a
// sweep of 100,000 ended points, over real HTTP: once as it is (answers from the replica), once
// with the same documents made on the loop. A stall is what a 1 ms heartbeat on the loop sees
// beyond its period; two threads, so two cores give the fair picture.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>

#include "cli/client.h"
#include "coordinator/api/api.h"
#include "coordinator/http/json_text.h"

namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
namespace core = bw::core;
using Clock = std::chrono::steady_clock;

constexpr const char* kText =
    "method: random\nrun_cap: 1000000\nparameters:\n  model: {value: cnn}\n"
    "  dataset: {value: mnist}\n  learning_rate: {min: 0.001, max: 0.1}\n";

void add_job(core::State& state, std::uint64_t n) {
    const std::string params = R"({"batch_size":64,"dataset":"mnist","learning_rate":)" +
                               std::to_string(0.001 + static_cast<double>(n) * 1e-7) +
                               R"(,"model":"cnn"})";
    core::apply(state, core::PointsSuggested{{1}, {{{n}, n - 1, "hash", params}}, false});
    core::AttemptPlaced placed;
    placed.job = {n};
    placed.attempt = 1;
    placed.slots = {{{1}, 0}};
    placed.plan = {64, 1, 0, 64, 1};
    core::apply(state, placed);
    for (int epoch = 1; epoch <= 3; ++epoch) {
        const std::map<std::string, double> values = {{"train_loss", 0.5}, {"test_accuracy", 0.9}};
        core::apply(state, core::EpochMeasured{{n}, 1, epoch, epoch * 10, values});
    }
    core::RankEnded rank;
    rank.job = {n};
    rank.attempt = 1;
    core::apply(state, rank);
    core::JobEnded ended;
    ended.job = {n};
    ended.result = core::JobResult{};
    core::apply(state, ended);
}

core::State make_state(std::uint64_t points) {
    core::State state;
    core::apply(state, core::SweepSubmitted{{1}, "sweep.yaml", kText, "fingerprint", {1}});
    core::AgentJoined agent;
    agent.agent = {1};
    agent.epoch = 1;
    agent.name = "host/0";
    agent.slots = {{"cpu", 0, 1}};
    core::apply(state, agent);
    for (std::uint64_t n = 1; n <= points; ++n) add_job(state, n);
    return state;
}

// The longest time by which a heartbeat on the loop came late.
class Heartbeat {
public:
    explicit Heartbeat(asio::io_context& loop) : timer_(loop) { beat(); }

    double take_longest_ms() { return std::exchange(longest_ms_, 0); }

private:
    void beat() {
        due_ = Clock::now() + 1ms;
        timer_.expires_at(due_);
        timer_.async_wait([this](const boost::system::error_code& error) {
            if (error) return;
            const std::chrono::duration<double, std::milli> late = Clock::now() - due_;
            longest_ms_ = std::max(longest_ms_, late.count());
            beat();
        });
    }

    asio::steady_timer timer_;
    Clock::time_point due_;
    double longest_ms_ = 0;
};

// One request of another thread to its end: what it took, in milliseconds.
double ask(std::uint16_t port, const std::string& path) {
    const auto begin = Clock::now();
    std::thread([&] {
        asio::io_context io{1};
        bw::cli::Client client(bw::coordinator::Endpoint{"127.0.0.1", port, 0, "", ""});
        asio::co_spawn(io, client.get(path), [&](std::exception_ptr, const auto& got) {
            if (!got) std::printf("  %s: %s\n", path.c_str(), got.error().message.c_str());
        });
        io.run();
    }).join();
    const std::chrono::duration<double, std::milli> took = Clock::now() - begin;
    return took.count();
}

}  // namespace

int main(int argc, char** argv) {
    const std::uint64_t points = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 100'000;
    const core::State state = make_state(points);
    asio::io_context loop{1};
    bw::api::CorePort port;
    port.state = [&state]() -> const core::State& { return state; };
    port.now = [] { return bw::Instant{1}; };
    bw::api::Api api(loop, port, "state", [] {});
    auto listening = bw::http::Server::listen(
        loop,
        {"127.0.0.1", 0, ""},
        [&](const bw::http::Request& request, const bw::http::Reply& reply) {
            api.handle(request, reply);
        }
    );
    if (!listening) return 1;
    Heartbeat heartbeat(loop);
    std::thread runner([&] { loop.run(); });

    const bw::api::Books books = bw::api::make_books(state);
    const std::filesystem::path folder = "state";

    const struct {
        const char* path;
        bw::api::Reader reader;
    } questions[] = {
        {"/api/v1/sweeps", bw::api::list_sweeps},
        {"/api/v1/sweeps/1", bw::api::show_sweep},
        {"/api/v1/sweeps/1/jobs", bw::api::list_jobs},
        {"/api/v1/sweeps/1/leaderboard", bw::api::show_leaderboard},
        {"/api/v1/sweeps/1/results", bw::api::show_results},
    };

    std::printf("%llu points\n", static_cast<unsigned long long>(points));
    std::printf("%-32s %12s %18s %20s\n", "GET", "reply ms", "loop stall ms", "if on the loop ms");
    for (const auto& question : questions) {
        asio::post(loop, [&] { heartbeat.take_longest_ms(); });
        double took = 0;
        for (int i = 0; i < 3; ++i) took = std::max(took, ask((*listening)->port(), question.path));
        std::promise<double> stall;
        asio::post(loop, [&] { stall.set_value(heartbeat.take_longest_ms()); });
        const double longest = stall.get_future().get();
        const auto begin = Clock::now();
        const auto body = question.reader({books, {1}, folder}, {{{"sweep", "1"}}, {}, ""});
        const std::string text = bw::http::to_text(*body);
        const std::chrono::duration<double, std::milli> made = Clock::now() - begin;
        std::printf("%-32s %12.1f %18.1f %20.1f\n", question.path, took, longest, made.count());
    }
    loop.stop();
    runner.join();
    return 0;
}
