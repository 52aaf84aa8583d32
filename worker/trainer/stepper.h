// One optimizer step of one rank: its micro-batches, the reduction, the verdict that all ranks
// share, the update. Losses are sums weighted by 1/N with N the samples of this very step: nowhere
// a mean of means.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <torch/types.h>

#include "base/result.h"
#include "models/arch/build.h"
#include "plan/split.h"
#include "worker/trainer/accelerator.h"
#include "worker/trainer/attempt/phase_clock.h"
#include "worker/trainer/batch_stage.h"
#include "worker/trainer/optimizer/optimizer.h"
#include "worker/trainer/optimizer/sharpness.h"
#include "worker/trainer/reducer.h"

namespace bw::trainer {

struct StopRequests {
    bool preempt = false, cancel = false;
};

struct StepRequest {
    std::int64_t step = 0;  // from 0, over all epochs
    std::int64_t epoch = 0;
    std::span<const std::uint32_t> batch;  // the samples of all ranks, in order
    StopRequests stop;                     // as asked of this rank
    double learning_rate = 0;
    double momentum = 0;
};

/// Sums over all samples of all ranks.
struct StepOutcome {
    double loss_sum = 0, correct = 0;
    std::int64_t samples = 0;  // as counted by the loaders
    StopRequests stop;         // as agreed: every rank reads the same
};

/// What the step works on; all of it outlives the stepper.
struct StepParts {
    models::Network& network;
    FlatParameters& parameters;
    BatchNormSums& batch_norm;
    Optimizer& optimizer;
    Loader& loader;
    BatchStage& stage;
    Collective& collective;
    Accelerator* accelerator = nullptr;  // of the device that all of these are on; none on the CPU
};

/// When the gradients' sums set out: after the last backward, during it, or as it pays: during it,
/// but for the first steps under a plan, which may turn out not to fit. The sums are the same.
enum class Reduction { automatic, deferred, overlapped };

struct StepOptions {
    plan::Plan plan;
    int rank = 0;
    std::uint64_t seed = 0;              // of dropout: keyed by (seed, step, rank, try)
    std::int64_t stage_samples_min = 0;  // evaluation wants more than a small micro-batch
    double label_smoothing = 0;
    double clip_norm = 0;     // 0: not clipped
    SharpnessSpec sharpness;  // rho 0: one pass a step
    Reduction reduction = Reduction::automatic;
};

/// Since the first step. Peak: of the device's memory in steps under the plan as it is now.
struct StepCounters {
    std::int64_t out_of_memory = 0, replans = 0;
    std::int64_t peak_bytes = 0;
};

/// Not thread-safe.
class Stepper {
public:
    Stepper(const StepParts& parts, const StepOptions& options);

    /// Errors, the same kind on every rank: Errc::not_finite (nothing was updated),
    /// Errc::out_of_memory (the smallest micro-batch does not fit), Errc::peer_gone, Errc::unknown.
    Result<StepOutcome> run(const StepRequest& request);

    /// The work of a step with these micro-batches of the batch, without the other ranks: to see
    /// what memory it takes, and the seconds of the last micro-batch. Changes weights, optimizer
    /// state and running statistics. Throws what LibTorch throws.
    double rehearse(const StepRequest& request, std::span<const plan::MicroBatch> micro_batches);

    /// As run: smaller than planned after a rank ran out of memory.
    [[nodiscard]] const plan::Plan& plan() const { return options_.plan; }

    /// From the next step on. All ranks at the same step.
    void set_plan(const plan::Plan& plan);

    /// After a try that did not fit: what this rank believes it can hold, 0 for nothing; half of
    /// the last micro-batch at most is tried then.
    void set_fit(std::function<std::int64_t()> fit) { fit_ = std::move(fit); }

    [[nodiscard]] const StepCounters& counters() const { return counters_; }

    /// run() leaves it in Phase::other; what the rank does between steps is the caller's to say.
    [[nodiscard]] PhaseClock& clock() { return clock_; }

    /// Tries that this rank could not hold, and those that some rank could not.
    [[nodiscard]] std::int64_t ooms() const { return counters_.out_of_memory; }

    [[nodiscard]] std::int64_t oom_replans() const { return counters_.replans; }

private:
    enum class Pass : std::uint64_t { first, second };  // the second at the worst weights nearby

    [[nodiscard]] std::int64_t micro_batch_of(int rank) const;
    [[nodiscard]] std::int64_t next_micro_batch() const;
    [[nodiscard]] bool overlaps() const;
    void begin_sums(std::int64_t samples);
    void accumulate(const StepRequest& request);
    void run_micro_batch(const StepRequest& request, const plan::MicroBatch& micro_batch);
    void fill_control(const StepRequest& request);
    Result<void> reduce_pass(const StepRequest& request, Pass pass, std::uint64_t attempt);
    Result<StepOutcome> try_step(const StepRequest& request, std::uint64_t attempt);
    Result<void> climb_and_repeat(const StepRequest& request, std::uint64_t attempt);
    void update(const StepRequest& request);
    [[nodiscard]] StepOutcome agreed_outcome();
    Result<void> shrink();
    Error not_finite_error(const StepRequest& request, double loss_sum) const;

    StepParts parts_;
    StepOptions options_;
    StepCounters counters_;
    Reducer reducer_;
    torch::Tensor weight_;                  // 1/N, the gradient of the loss
    torch::Tensor sums_, host_sums_;        // float64, of this rank's share; the same on the CPU
    torch::Tensor loss_sum_, correct_sum_;  // views of it
    std::int64_t loaded_before_ = 0;
    int steps_under_plan_ = 0;  // that all ranks could hold
    bool out_of_memory_ = false;
    std::string fatal_;
    std::function<std::int64_t()> fit_;
    models::RunningStatistics running_statistics_ = models::RunningStatistics::yes;
    std::optional<Sharpness> sharpness_;
    PhaseClock clock_;
};

}  // namespace bw::trainer
