// Plays the agent: starts one real trainer process per rank over socket pairs, hands rank 0's store
// on, reacts to what rank 0 reports, and collects everything until all ranks have ended. Nothing in
// it waits for a clock; a gang that says nothing for two minutes is killed.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "wire/trainer/messages.h"

namespace bw::trainer::test {

/// What one attempt is started with.
struct GangOptions {
    nlohmann::json params;
    std::int64_t global_batch = 32, group = 0, micro_batch = 0;
    int world_size = 1;
    std::string bn = "ghost";
    std::int64_t checkpoint_steps = 0;
    std::filesystem::path attempt_dir;
    std::string resume_from;
    std::string data_path;
    std::vector<std::string> data_paths;  // one per rank, in place of it
    std::vector<std::string> hosts;       // one per rank; empty: all on 127.0.0.1
    std::string device = "cpu";       // as the agent names it; the trainer's variable is not set
    std::pair<int, int> store_ports;  // 0: any
    std::string cache_dir;
    std::vector<std::int64_t> memory_limits;  // one per rank; empty: none
    std::int64_t asked_micro_batch = 0;
    std::string profiles_dir;
    int threads = 1;
};

struct RankEnd {
    std::vector<trainer_wire::FromTrainer> messages;
    int exit_status = -1;  // 128 + n after signal n

    /// The last message of a type, or nullptr.
    template <class Message>
    [[nodiscard]] const Message* find() const {
        const Message* found = nullptr;
        for (const auto& message : messages) {
            if (const auto* match = std::get_if<Message>(&message)) found = match;
        }
        return found;
    }
};

class Gang {
public:
    explicit Gang(const GangOptions& options);
    Gang(const Gang&) = delete;
    Gang& operator=(const Gang&) = delete;
    ~Gang();

    using Reaction = std::function<void(Gang&, const trainer_wire::FromTrainer&)>;

    /// Runs to the end; `reaction` sees each message of rank 0.
    std::vector<RankEnd> run(const Reaction& reaction = {});

    void send(int rank, const trainer_wire::ToTrainer& message);
    void send_all(const trainer_wire::ToTrainer& message);
    void signal_all(int signal);
    void signal(int rank, int signal);
    void hang_up();  // closes all descriptors: the agent is gone

private:
    struct Rank {
        int descriptor = -1;
        int pid = -1;
        std::string buffer;
        RankEnd end;
    };

    void spawn(Rank& rank);
    void on_message(int rank, const trainer_wire::FromTrainer& message, const Reaction& reaction);
    void read_from(int rank, const Reaction& reaction);
    trainer_wire::Start start_for(int rank) const;

    GangOptions options_;
    std::vector<Rank> ranks_;
};

/// The losses of curve.csv in the order of its rows; the steps must be 1, 2, 3, ...
std::vector<double> curve_losses(const std::filesystem::path& attempt_dir);

/// The wall seconds of curve.csv's last row.
double last_curve_seconds(const std::filesystem::path& attempt_dir);

}  // namespace bw::trainer::test
