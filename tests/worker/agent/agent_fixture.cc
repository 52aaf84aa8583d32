#include "agent_fixture.h"

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iterator>

#include <boost/asio/post.hpp>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process.h"

namespace bw::agent {

using namespace std::chrono_literals;

void World::SetUp() {
    std::string pattern = testing::TempDir() + "bw-agent-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    std::filesystem::create_directories(folder_ / "state");
}

void World::TearDown() {
    for (const pid_t agent : agents_) {
        ::kill(agent, SIGKILL);
        ::waitpid(agent, nullptr, 0);
    }
    for (const pid_t trainer : trainers()) ::kill(trainer, SIGKILL);
    server_.reset();
    if (HasFailure())
        std::fprintf(stderr, "---- the agents said\n%s----\n", agent_output().c_str());
    std::filesystem::remove_all(folder_);
}

void World::open_coordinator() {
    net::AgentServerOptions options;
    options.port = port_;
    options.token = "secret";
    options.lease = lease_;
    options.state_dir = folder_ / "state";
    options.attempt_dir = [this](const core::StartRanks& start) {
        return attempt_dir(start.job.value);
    };
    auto server = net::AgentServer::listen(
        io_,
        options,
        state_,
        [this](
            const core::Input& input, const std::function<void(const core::State&)>& when_durable
        ) { post(input, when_durable); },
        [this](const proto::Progress&) { ++progress_samples_; }
    );
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
    port_ = server_->port();
}

void World::post(
    const core::Input& input, const std::function<void(const core::State&)>& when_durable
) {
    inputs_.push_back(input);
    claimed_.push_back(false);
    std::vector<core::Effect> effects;
    for (const core::Event& event : core::decide(state_, input, now_)) {
        core::apply(state_, event);
        for (core::Effect& effect : core::effects_of(state_, event))
            effects.push_back(std::move(effect));
    }
    const int hellos = std::holds_alternative<core::AgentHello>(input) ? 1 : 0;
    hellos_in_flight_ += hellos;
    boost::asio::post(io_, [this, effects, when_durable, hellos] {
        hellos_in_flight_ -= hellos;
        for (const core::Effect& effect : effects) {
            if (on_effect_) on_effect_(effect);
            if (server_ != nullptr) server_->carry_out(effect);
        }
        if (when_durable) when_durable(state_);
    });
}

void World::forget_agents() {
    for (const auto& [id, agent] : std::map(state_.agents)) {
        for (const core::Event& event :
             core::decide(state_, core::AgentGone{id, agent.epoch, "a test"}, now_)) {
            core::apply(state_, event);
        }
    }
}

void World::run_until(const std::function<bool()>& done) {
    const auto limit = std::chrono::steady_clock::now() + 60s;  // ends a hung test
    bool is_done = done();
    while (!is_done && std::chrono::steady_clock::now() < limit) {
        io_.restart();
        io_.run_one_for(5ms);
        pass_time();
        is_done = done();
    }
    ASSERT_TRUE(is_done);
}

void World::wait_for_welcomes() {
    run_until([this] { return hellos_in_flight_ == 0; });
}

void World::pass_time() {
    const auto next = core::next_timer(state_);
    if (!next) return;
    now_ = std::max(now_, *next);
    post(core::Tick{}, {});
}

core::Input World::wait_for(const std::function<bool(const core::Input&)>& wanted) {
    std::size_t at = 0;
    run_until([&] {
        for (at = 0; at < inputs_.size(); ++at) {
            if (!claimed_[at] && wanted(inputs_[at])) return true;
        }
        return false;
    });
    if (at == inputs_.size()) throw std::runtime_error("the input did not come");
    claimed_[at] = true;
    return inputs_[at];
}

World::Joined World::wait_for_agent() {
    wait_for_input<core::AgentHello>();
    io_.restart();
    run_until([this] {
        return std::ranges::any_of(state_.agents, [](const auto& entry) {
            return entry.second.live;
        });
    });
    for (const auto& [id, agent] : state_.agents) {
        if (agent.live) return {id, agent.epoch};
    }
    return {};
}

core::StartRanks World::order(
    std::uint64_t job, const std::string& behave, std::vector<int> ranks
) {
    core::StartRanks start;
    for (const auto& [id, agent] : state_.agents) {
        start.agent = id;
        start.epoch = agent.epoch;
    }
    start.job = {job};
    start.attempt = 1;
    for (const int rank : ranks) start.ranks.push_back({rank, static_cast<std::uint32_t>(rank)});
    start.params_json =
        R"({"behave": ")" + behave + R"(", "file": ")" + (folder_ / "told").string() + R"("})";
    start.plan.world_size = static_cast<int>(ranks.size());
    start.bn = "ghost";
    return start;
}

void World::start(std::uint64_t job, const std::string& behave, std::vector<int> ranks) {
    wait_for_welcomes();
    server_->carry_out(order(job, behave, std::move(ranks)));
}

void World::stop(std::uint64_t job, core::StopKind kind) {
    wait_for_welcomes();
    const core::StartRanks started = order(job, "");
    server_->carry_out(core::StopRanks{started.agent, started.epoch, {job}, 1, kind});
}

pid_t World::start_agent(const AgentSettings& settings) {
    const int log =
        ::open((folder_ / "agent.log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    ProcessOptions options;
    options.argv = {
        BW_AGENT_PROBE,
        std::to_string(port_),
        settings.token,
        settings.name,
        folder_ / "work",
        BW_FAKE_TRAINER,
        settings.device.empty() ? std::to_string(settings.slots) : settings.device,
        std::to_string(settings.grace_ms)};
    options.environment = settings.environment;
    options.descriptors = {{log, STDERR_FILENO}};
    const auto pid = start_process(options);
    ::close(log);
    if (!pid) throw std::runtime_error(pid.error().message);
    agents_.push_back(*pid);
    return *pid;
}

int World::wait_for_exit(pid_t agent) {
    int status = 0;
    run_until([&] { return ::waitpid(agent, &status, WNOHANG) == agent; });
    std::erase(agents_, agent);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::vector<pid_t> World::trainers() const {
    std::vector<pid_t> pids;
    std::error_code ignored;
    for (const auto& entry :
         std::filesystem::directory_iterator(folder_ / "work" / "trainers", ignored)) {
        pids.push_back(std::atoi(entry.path().filename().c_str()));
    }
    return pids;
}

std::string World::read(const std::filesystem::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::filesystem::path World::attempt_dir(std::uint64_t job) const {
    return folder_ / "state" / ("job-" + std::to_string(job)) / "1";
}

void World::touch(const std::string& name) const { std::ofstream file(folder_ / name); }

}  // namespace bw::agent
