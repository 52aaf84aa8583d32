// One slot: its warm trainer, and the rank that runs on it. A trainer is used once; its successor
// is warmed when the slot is idle again. For a rank of an external program the warm process is the
// one that starts such programs (worker/program); a process of the other kind makes room for it. A
// rank has ended, and the slot is free, only when its process is gone and the device's memory is
// back. Loop thread only.
//
//   warming --Ready--> warm --start()--> at work --last word--> leaving --process gone--> warming
//
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/time.h"
#include "worker/agent/facts.h"
#include "worker/agent/trainer_process.h"

namespace bw::agent {

class Slot {
public:
    /// For a trainer to exit after its last word; then it is killed.
    static constexpr Duration kExitGrace = seconds(10);
    /// For a device's memory to come back after the process that held it has ended.
    static constexpr Duration kReleaseInterval = milliseconds(20), kReleaseMax = seconds(10);
    static constexpr Duration kWarmAgainFirst = milliseconds(200), kWarmAgainMax = seconds(10);

    struct Ports {
        std::function<void(proto::Fact)> on_fact;
        std::function<void(const proto::Progress&)> on_sample;
        /// All that a rank says, before anything follows from it. May be empty.
        std::function<void(const RankKey&, const trainer_wire::FromTrainer&)> on_heard;
        /// A rank is ordered for the first time. May be empty.
        std::function<void(const proto::StartRanks&, const proto::RankOnSlot&)> on_ordered;
        std::function<void()> on_process_gone;
    };

    struct Options {
        std::string name;  // for messages: "slot 0"
        TrainerProcessOptions trainer;
        TrainerProcessOptions launcher;  // of external programs
        Duration grace;                  // for a rank to stop on request
        /// Whether the device is still held by this process, which has ended. Empty: never.
        std::function<bool(pid_t)> holds_device;
    };

    Slot(boost::asio::io_context& io, Options options, Ports ports);

    /// Warms a trainer, unless there is one.
    void warm();

    /// Runs this rank. Whatever the slot still holds is over in the coordinator's eyes: it is
    /// killed first, and nothing is said of it. Rank 0 says what the attempts from `account_from`
    /// on have lost; 0: there is nothing to be said.
    void start(trainer_wire::Start start, std::uint32_t account_from);

    void rendezvous(const trainer_wire::Rendezvous& where);
    void confirm_checkpoint(std::int64_t step);
    void stop(StopOrder order);

    /// Ends the rank at once and says nothing of it: its epoch is over.
    void abandon();

    /// No more trainers, and a warm one ends now; a rank goes on until it is told to stop.
    void retire();

    /// Likewise, and a rank is stopped as by `preempt`.
    void close();

    /// Call after SIGCHLD.
    void reap();

    [[nodiscard]] std::optional<RankKey> held() const;

    /// Neither a rank nor a process that has run one.
    [[nodiscard]] bool is_free() const {
        return !run_ && !(process_ != nullptr && process_is_used_);
    }

    [[nodiscard]] bool has_begun_to_stop() const {
        return !run_ || run_->is_stopping || run_->last_word;
    }

    [[nodiscard]] bool has_process() const { return process_ != nullptr; }

    [[nodiscard]] bool is_warm() const { return process_is_ready_ && !process_is_used_; }

private:
    struct Run {
        RankKey key;
        trainer_wire::Start start;
        std::uint32_t account_from = 0;
        bool is_sent = false;
        std::optional<trainer_wire::Rendezvous> rendezvous;
        bool rendezvous_is_sent = false;
        bool is_stopping = false;
        std::int64_t step = 0;
        std::optional<LastWord> last_word;
    };

    void on_message(const trainer_wire::FromTrainer& message);
    void take(const trainer_wire::Ready&);
    void take(const trainer_wire::StoreOpened& message);
    void take(const trainer_wire::Running& message);
    void take(const trainer_wire::Progress& message);
    void take(const trainer_wire::CheckpointDurable& message);
    void take(const trainer_wire::EpochEnded& message);
    void take(const trainer_wire::Profiled& message);

    void take(const trainer_wire::Finished& message) { take_last_word(message); }

    void take(const trainer_wire::Stopped& message) { take_last_word(message); }

    void take(const trainer_wire::Failed& message) { take_last_word(message); }

    void take_last_word(LastWord word);
    [[nodiscard]] bool leads() const;  // rank 0 of a run that has begun: speaks for the attempt
    void send_start();
    void send_rendezvous();
    void on_end(const TrainerExit& exit);
    void await_release(const TrainerExit& exit, Duration waited);
    void end(const TrainerExit& exit);
    void report_end(const Run& run, const TrainerExit& exit);
    void end_unsent_run();
    void kill_after(Duration grace);
    void warm_later();
    [[nodiscard]] bool is_of_wanted_kind() const;

    boost::asio::io_context& io_;
    Options options_;
    Ports ports_;
    std::shared_ptr<TrainerProcess> process_;
    bool process_is_ready_ = false;
    bool process_is_used_ = false;  // by run_, or by one before it that was abandoned
    bool process_is_launcher_ = false;
    bool process_makes_room_ = false;  // it was killed for one of the other kind
    std::optional<Run> run_;
    bool is_closed_ = false;
    Duration warm_again_ = kWarmAgainFirst;
    boost::asio::steady_timer kill_timer_, warm_timer_, release_timer_;
};

}  // namespace bw::agent
