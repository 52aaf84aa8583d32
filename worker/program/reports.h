// What a program says of its rank, turned into what an agent hears from a trainer: what the program
// leaves out is filled in, its curve is written down, and its end gets a last word. Rank 0's
// program speaks for the attempt; of the others only progress and the last word count.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>

#include "base/result.h"
#include "wire/trainer/messages.h"
#include "worker/program/curve_log.h"

namespace bw::program {

/// How the program's process ended.
struct ProgramEnd {
    int signal = 0;  // 0: it exited by itself, with `status`
    int status = 0;
    bool was_asked = false;  // to stop
};

class Reports {
public:
    /// Progress goes on at most this often; every report is in the curve.
    static constexpr std::chrono::milliseconds kProgressInterval{250};

    struct Ports {
        std::function<void(const trainer_wire::FromTrainer&)> say;
        std::function<void(const trainer_wire::FromTrainer&)> say_if_room;
    };

    Reports(const trainer_wire::Start& start, Ports ports);

    /// Errors: invalid_input (nothing that a program may say), io.
    Result<void> take(const trainer_wire::FromTrainer& message);

    /// The program trains, as far as is known. Its own word for that comes first if it has one.
    Result<void> run();

    /// The coordinator has the checkpoint of this step: the attempt's older ones go.
    void accept(std::int64_t step);

    /// Nothing where the process's own end says it: it failed, or was killed.
    std::optional<trainer_wire::FromTrainer> last_word(const ProgramEnd& end);

private:
    using LastWord =
        std::variant<trainer_wire::Finished, trainer_wire::Stopped, trainer_wire::Failed>;

    Result<void> hear(const trainer_wire::Ready&) { return boost::system::in_place_value; }

    Result<void> hear(const trainer_wire::StoreOpened&) { return boost::system::in_place_value; }

    Result<void> hear(const trainer_wire::Profiled&) { return boost::system::in_place_value; }

    Result<void> hear(const trainer_wire::Running& message);
    Result<void> hear(const trainer_wire::Progress& message);
    Result<void> hear(const trainer_wire::CheckpointDurable& message);
    Result<void> hear(const trainer_wire::EpochEnded& message);
    Result<void> hear(const trainer_wire::Finished& message);
    Result<void> hear(const trainer_wire::Stopped& message);
    Result<void> hear(const trainer_wire::Failed& message);

    Result<void> begin(const trainer_wire::Running& message);
    [[nodiscard]] double seconds() const;  // since it runs
    [[nodiscard]] trainer_wire::Finished finished() const;
    void say_newest_progress();

    trainer_wire::Start start_;
    Ports ports_;
    bool leads_;  // rank 0
    CurveLog curve_;
    std::optional<std::chrono::steady_clock::time_point> began_, said_progress_;
    std::optional<trainer_wire::Progress> newest_, unsaid_;
    std::int64_t step_ = 0, total_steps_ = 0;
    std::map<std::string, double> measured_;  // the newest value of each metric
    std::map<std::int64_t, std::string> checkpoints_;
    std::optional<LastWord> last_word_;
};

}  // namespace bw::program
