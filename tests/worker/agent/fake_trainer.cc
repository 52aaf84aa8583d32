// Speaks the trainer's protocol and behaves as the point's parameter "behave" says (see behave() at
// the end).
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <unistd.h>

#include "wire/trainer/messages.h"

namespace wire = bw::trainer_wire;

namespace {

class Agent {
public:
    explicit Agent(int descriptor) : descriptor_(descriptor) {}

    void say(const wire::FromTrainer& message) { write(wire::encode(message) + "\n"); }

    void write(const std::string& text) {
        std::size_t sent = 0;
        while (sent < text.size()) {
            const ssize_t n =
                ::send(descriptor_, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
            if (n <= 0) return;
            sent += static_cast<std::size_t>(n);
        }
    }

    /// Nothing: the agent is gone.
    std::optional<wire::ToTrainer> listen() {
        for (;;) {
            const std::size_t end = buffer_.find('\n');
            if (end != std::string::npos) {
                const std::string line = buffer_.substr(0, end);
                buffer_.erase(0, end + 1);
                const auto message = wire::decode_to_trainer(line);
                if (message && *message) return **message;
                continue;
            }
            char bytes[4096];
            const ssize_t n = ::recv(descriptor_, bytes, sizeof bytes, 0);
            if (n <= 0) return std::nullopt;
            buffer_.append(bytes, static_cast<std::size_t>(n));
        }
    }

    template <class Message>
    Message wait_for() {
        for (;;) {
            const auto message = listen();
            if (!message) ::_exit(0);
            if (const auto* wanted = std::get_if<Message>(&*message)) return *wanted;
        }
    }

private:
    int descriptor_;
    std::string buffer_;
};

struct Rank {
    Agent& agent;
    wire::Start start;
    nlohmann::json params;

    void run() const {
        agent.say(wire::Running{.step = 0, .total_steps = 10, .data_fingerprint = "f"});
    }

    int finish() const {
        agent.say(wire::Progress{5, 10, 0, 0.5, 100});
        const double nan = std::numeric_limits<double>::quiet_NaN();
        agent.say(wire::EpochEnded{0, 10, 0.25, 0.75, nan, nan});
        wire::Finished finished;
        finished.step = 10;
        finished.weights_sha256 = "abc";
        finished.train_loss = 0.25;
        finished.test_loss = nan;
        finished.test_accuracy = 0.5;
        agent.say(finished);
        return 0;
    }

    int stop_on_request() const {
        const auto stop = agent.wait_for<wire::Stop>();
        if (stop.mode == wire::StopMode::preempt) {
            agent.say(wire::CheckpointDurable{7, start.attempt_dir + "/step-7"});
        }
        agent.say(wire::Stopped{7});
        return 0;
    }

    /// Until a file appears: the test decides when.
    int finish_when_told() const {
        const char* given = std::getenv("FAKE_TRAINER_FILE");
        const std::string path = given != nullptr ? given : params.at("file");
        while (::access(path.c_str(), F_OK) != 0) ::usleep(2000);
        return finish();
    }

    int fail() const {
        wire::Failed failed;
        failed.message = "no data set here";
        failed.retry = false;
        agent.say(failed);
        return 1;
    }

    int crash() const {
        std::fprintf(stderr, "first line\nabout to crash\n");
        std::signal(SIGABRT, SIG_DFL);
        std::abort();
    }

    /// Neither the end of its agent nor SIGTERM ends it.
    int survive() const {
        std::signal(SIGTERM, SIG_IGN);
        for (;;) ::pause();
    }

    int meet() const {
        if (start.rank == 0) {
            agent.say(wire::StoreOpened{start.host, 4711});
        } else {
            const auto where = agent.wait_for<wire::Rendezvous>();
            std::fprintf(stderr, "meets %s:%d\n", where.host.c_str(), where.port);
        }
        run();
        return finish();
    }

    int confirm() const {
        agent.say(wire::CheckpointDurable{3, "step-3"});
        const auto accepted = agent.wait_for<wire::CheckpointAccepted>();
        std::fprintf(stderr, "step %d is accepted\n", static_cast<int>(accepted.step));
        return finish();
    }

    int speak(const std::string& text) const {
        agent.write(text);
        for (;;) ::pause();
    }

    int describe() const {
        std::fprintf(
            stderr,
            "threads %d, OMP_NUM_THREADS %s, device %s, data %s, session leader %d\n",
            start.threads,
            std::getenv("OMP_NUM_THREADS"),
            start.device.c_str(),
            start.data_path.c_str(),
            ::getsid(0) == ::getpid() ? 1 : 0
        );
        return finish();
    }
};

/// What a trainer on a GPU goes by.
int tell_variables(const Rank& rank) {
    for (const char* name :
         {wire::kDeviceVariable, "CUDA_VISIBLE_DEVICES", "NCCL_DEBUG", "NCCL_IB_HCA"}) {
        const char* value = std::getenv(name);
        std::fprintf(stderr, "%s=%s\n", name, value == nullptr ? "" : value);
    }
    return rank.finish();
}

int behave(const Rank& rank) {
    const char* given =
        std::getenv("FAKE_TRAINER_BEHAVES");  // for sweeps, whose parameters are checked
    const std::string how = rank.params.value("behave", given != nullptr ? given : "finish");
    const std::map<std::string, std::function<int()>> quiet = {
        {"fail", [&] { return rank.fail(); }},
        {"exit", [&] { return 3; }},
        {"garbage", [&] { return rank.speak("this is no message\n"); }},
        {"endless line", [&] { return rank.speak(std::string(2 * wire::kLineBytesMax, 'x')); }},
        {"meet", [&] { return rank.meet(); }},
    };
    if (const auto found = quiet.find(how); found != quiet.end()) return found->second();
    if (how == "survive") std::signal(SIGTERM, SIG_IGN);  // before anybody may take it as running
    rank.run();
    const std::map<std::string, std::function<int()>> loud = {
        {"finish", [&] { return rank.finish(); }},
        {"crash", [&] { return rank.crash(); }},
        {"stop", [&] { return rank.stop_on_request(); }},
        {"finish when told", [&] { return rank.finish_when_told(); }},
        {"survive", [&] { return rank.survive(); }},
        {"confirm", [&] { return rank.confirm(); }},
        {"describe", [&] { return rank.describe(); }},
        {"tell variables", [&] { return tell_variables(rank); }},
        {"linger",
         [&] {
             rank.finish();
             return rank.survive();
         }},
    };
    const auto found = loud.find(how);
    return found == loud.end() ? 2 : found->second();
}

}  // namespace

int main() {
    const char* descriptor = std::getenv(wire::kDescriptorVariable);
    if (std::getenv("FAKE_TRAINER_IS_BROKEN") != nullptr) {
        std::fprintf(stderr, "cannot open libtorch\n");
        return 3;
    }
    if (descriptor == nullptr) return 2;
    Agent agent(std::atoi(descriptor));
    agent.say(wire::Ready{});
    const auto start = agent.wait_for<wire::Start>();
    return behave({agent, start, nlohmann::json::parse(start.params_json)});
}
