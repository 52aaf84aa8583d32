// The loop over steps and epochs of one rank: steps, evaluation, curve, checkpoints, and what the
// agent hears of them.
#pragma once

#include <chrono>
#include <optional>

#include "base/result.h"
#include "worker/trainer/attempt/channel.h"
#include "worker/trainer/attempt/curve.h"
#include "worker/trainer/calibration.h"
#include "worker/trainer/training.h"

namespace bw::trainer {

/// Rank 0 writes and reports facts; every rank reports its progress. Not thread-safe.
class TrainingLoop {
public:
    TrainingLoop(Training& training, AgentChannel& channel);

    /// Until the last step or an agreed stop: Finished or Stopped has then been sent. Errors:
    /// whatever a step, an evaluation or a file reports.
    Result<void> run();

private:
    using Clock = std::chrono::steady_clock;

    Result<void> open_curve();
    void poll_agent();
    void tell_what_is_learnt();
    Result<StepOutcome> run_step();
    Result<void> record_step(const StepOutcome& outcome, double seconds);
    Result<void> end_epoch();
    Result<void> evaluate_if_due(std::int64_t epoch);
    Result<void> write_checkpoint_if_first();
    Result<void> keep_if_best(std::int64_t epoch);
    void report_if_due(const StepOutcome& outcome);
    void report_progress();
    Result<void> finish();

    Training& training_;
    AgentChannel& channel_;
    Calibration calibration_;
    std::optional<CurveFile> curve_;
    StopRequests stop_;
    Clock::time_point began_ = Clock::now();
    double wall_seconds_before_ = 0;
    std::int64_t step_at_start_ = 0;
    double samples_at_start_ = 0;
    double loss_ = 0, accuracy_ = 0;  // of the last step
    Rates rates_;                     // of this step
    std::optional<Clock::time_point> last_report_;
    double samples_at_report_ = 0, samples_per_second_ = 0;
};

}  // namespace bw::trainer
