#include "worker/trainer/training_loop.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "worker/trainer/gang_text.h"
#include "worker/trainer/same_data.h"

namespace bw::trainer {
namespace {

namespace wire = trainer_wire;

constexpr std::chrono::milliseconds kReportInterval{250};

double seconds_since(std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

TrainingLoop::TrainingLoop(Training& training, AgentChannel& channel)
    : training_(training),
      channel_(channel),
      calibration_(training),
      wall_seconds_before_(training.state.wall_seconds),
      step_at_start_(training.state.step),
      samples_at_start_(training.state.samples_total),
      samples_at_report_(training.state.samples_total) {}

Result<void> TrainingLoop::open_curve() {
    if (!training_.is_first_rank()) return {};
    const std::filesystem::path dir = training_.start.attempt_dir;
    std::error_code shows_when_the_curve_is_created;
    std::filesystem::create_directories(dir, shows_when_the_curve_is_created);
    const std::filesystem::path resumed = training_.start.resume_from;
    auto curve = CurveFile::create(
        dir / "curve.csv",
        resumed.empty() ? resumed : resumed.parent_path() / "curve.csv",
        training_.state.step
    );
    if (!curve) return curve.error();
    curve_.emplace(std::move(*curve));
    return {};
}

void TrainingLoop::poll_agent() {
    while (const auto message = channel_.poll()) {
        if (const auto* stop = std::get_if<wire::Stop>(&*message)) {
            switch (stop->mode) {
                case wire::StopMode::preempt:
                    stop_.preempt = true;
                    break;
                case wire::StopMode::cancel:
                    stop_.cancel = true;
                    break;
            }
        }
        if (const auto* accepted = std::get_if<wire::CheckpointAccepted>(&*message);
            accepted != nullptr) {
            if (training_.is_first_rank())
                remove_checkpoints_before(training_.start.attempt_dir, accepted->step);
        }
    }
    if (channel_.closed() || termination_requested()) stop_.preempt = true;
}

void TrainingLoop::tell_what_is_learnt() {
    for (const std::string& profile : calibration_.take_news()) {
        if (profile.size() < wire::kLineBytesMax / 2)
            channel_.send(wire::Profiled{.profile = profile});
    }
}

Result<StepOutcome> TrainingLoop::run_step() {
    const std::int64_t step = training_.state.step;
    calibration_.before_step();
    rates_ = training_.rates_of(step);
    auto outcome = training_.stepper->run(
        {.step = step,
         .epoch = training_.sampler->epoch_of(step),
         .batch = training_.sampler->batch(step),
         .stop = stop_,
         .learning_rate = rates_.learning_rate,
         .momentum = rates_.momentum}
    );
    if (!outcome) return outcome;
    auto settled = calibration_.after_step();
    tell_what_is_learnt();
    if (!settled) return settled.error();
    return outcome;
}

Result<void> TrainingLoop::record_step(const StepOutcome& outcome, double seconds) {
    auto& state = training_.state;
    const auto samples = static_cast<double>(outcome.samples);
    const std::int64_t epoch = training_.sampler->epoch_of(state.step);
    state.step_samples_min =
        state.step == 0 ? outcome.samples : std::min(state.step_samples_min, outcome.samples);
    state.step_samples_max = std::max(state.step_samples_max, outcome.samples);
    ++state.step;
    state.loss_sum += outcome.loss_sum;
    state.correct += outcome.correct;
    state.samples += samples;
    state.samples_total += samples;
    state.step_seconds += seconds;
    state.wall_seconds = wall_seconds_before_ + seconds_since(began_);
    if (!curve_) return {};
    return curve_->append(
        {.step = state.step,
         .epoch = epoch,
         .loss = outcome.loss_sum / samples,
         .samples = outcome.samples,
         .seconds = state.wall_seconds}
    );
}

Result<void> TrainingLoop::evaluate_if_due(std::int64_t epoch) {
    auto& state = training_.state;
    const std::int64_t interval = training_.params.eval_interval;
    const bool due = interval > 0 && ((epoch + 1) % interval == 0 || training_.is_over());
    if (!due) return {};
    auto& clock = training_.stepper->clock();
    clock.enter(Phase::evaluation);
    auto evaluation = evaluate(
        *training_.network,
        *training_.test_loader,
        *training_.stage,
        *training_.collective,
        training_.start.rank,
        training_.test_samples
    );
    clock.enter(Phase::other);
    if (!evaluation) return evaluation.error();
    if (!std::isfinite(evaluation->loss)) {
        return fail(
            Errc::not_finite,
            "test loss became " + std::string(std::isnan(evaluation->loss) ? "nan" : "inf") +
                " after epoch " + std::to_string(epoch) + ": lower the learning rate"
        );
    }
    state.test_loss = evaluation->loss;
    state.test_accuracy = evaluation->accuracy;
    return {};
}

Result<void> TrainingLoop::end_epoch() {
    auto& state = training_.state;
    const std::int64_t epoch = training_.sampler->epoch_of(state.step - 1);
    state.train_loss = state.loss_sum / state.samples;
    state.train_accuracy = state.correct / state.samples;
    state.loss_sum = state.correct = state.samples = 0;
    state.test_loss = state.test_accuracy = kNotEvaluated;
    if (auto done = evaluate_if_due(epoch); !done) return done;
    const bool evaluated = std::isfinite(state.test_loss);
    if (evaluated || training_.params.eval_interval == 0) {
        const double loss = evaluated ? state.test_loss : state.train_loss;
        state.plateau = after_evaluation(training_.params.schedule, state.plateau, loss);
    }
    if (auto kept = keep_if_best(epoch); !kept) return kept;
    if (!training_.is_first_rank()) return {};
    channel_.send(wire::EpochEnded{
        .epoch = static_cast<int>(epoch),
        .step = state.step,
        .train_loss = state.train_loss,
        .train_accuracy = state.train_accuracy,
        .test_loss = state.test_loss,
        .test_accuracy = state.test_accuracy});
    return {};
}

/// Only an improvement is written: the best weights, not the last.
Result<void> TrainingLoop::keep_if_best(std::int64_t epoch) {
    auto& state = training_.state;
    const bool improved =
        std::isfinite(state.test_accuracy) && !(state.test_accuracy <= state.best_accuracy);
    if (!improved) return {};
    state.best_accuracy = state.test_accuracy;
    if (!training_.params.save_best || !training_.is_first_rank()) return {};
    std::vector<torch::Tensor> hold;
    return write_checkpoint(
        std::filesystem::path(training_.start.attempt_dir) / kBestWeightsFile,
        {{"model", training_.params.model},
         {"epoch", std::to_string(epoch)},
         {"test_accuracy", std::to_string(state.test_accuracy)}},
        bytes_of(exported_weights_of(*training_.network), hold)
    );
}

Result<void> TrainingLoop::write_checkpoint_if_first() {
    const auto began = Clock::now();
    if (!training_.is_first_rank()) return {};
    if (auto settled = training_.collective->settle(); !settled) return settled;
    if (auto synced = curve_->sync(); !synced) return synced;
    auto& clock = training_.stepper->clock();
    clock.enter(Phase::checkpoint, began);
    const auto path = checkpoint_path(training_.start.attempt_dir, training_.state.step);
    std::vector<torch::Tensor> hold;
    const auto tensors = bytes_of(checkpoint_tensors(training_), hold);
    if (auto written = write_checkpoint(path, checkpoint_metadata(training_), tensors); !written)
        return written;
    clock.enter(Phase::other);
    channel_.send(wire::CheckpointDurable{
        .step = training_.state.step, .path = path.string(), .seconds = seconds_since(began)});
    return {};
}

/// The first step is reported at once: a short job should be seen more than once.
void TrainingLoop::report_if_due(const StepOutcome& outcome) {
    const auto samples = static_cast<double>(outcome.samples);
    loss_ = outcome.loss_sum / samples;
    accuracy_ = outcome.correct / samples;
    if (!last_report_ || Clock::now() - *last_report_ >= kReportInterval) report_progress();
}

void TrainingLoop::report_progress() {
    const auto& state = training_.state;
    auto& stepper = *training_.stepper;
    const auto now = Clock::now();
    stepper.clock().enter(Phase::other, now);
    const RankMemory memory = calibration_.own_memory();
    if (state.samples_total > samples_at_report_) {  // else the last rate is the newest there is
        const std::chrono::duration<double> since = now - last_report_.value_or(began_);
        samples_per_second_ = (state.samples_total - samples_at_report_) / since.count();
    }
    channel_.send_if_room(wire::Progress{
        .step = state.step,
        .total_steps = training_.total_steps(),
        .epoch = static_cast<int>(training_.sampler->epoch_of(state.step - 1)),
        .loss = loss_,
        .samples_per_second = samples_per_second_,
        .accuracy = accuracy_,
        .learning_rate = rates_.learning_rate,
        .steps = state.step - step_at_start_,
        .samples = static_cast<std::int64_t>(state.samples_total - samples_at_start_),
        .oom_replans = stepper.oom_replans(),
        .phases = stepper.clock().totals(),
        .micro_batch = stepper.plan().micro_batch,
        .accumulation = stepper.plan().accumulation,
        .ooms = stepper.ooms(),
        .peak_bytes = stepper.counters().peak_bytes,
        .predicted_peak_bytes = memory.predicted_peak_bytes,
        .limit_bytes = memory.limit_bytes});
    last_report_ = now;
    samples_at_report_ = state.samples_total;
}

/// Collective.
Result<void> TrainingLoop::finish() {
    const auto& state = training_.state;
    const auto& plan = training_.stepper->plan();
    const auto& counters = training_.stepper->counters();
    const auto& memory = calibration_.report();
    std::vector<double> peaks(static_cast<std::size_t>(plan.world_size), 0.0);
    peaks[static_cast<std::size_t>(training_.start.rank)] =
        static_cast<double>(counters.peak_bytes);
    if (auto shared = share_numbers(*training_.collective, peaks); !shared) return shared;
    const std::string digest = digest_of(weights_of(*training_.network));
    const int rank = training_.start.rank;
    if (auto same = compare_weights(*training_.collective, rank, digest); !same) return same;
    channel_.send(wire::Finished{
        .step = state.step,
        .weights_sha256 = digest,
        .samples_per_step_min = state.step_samples_min,
        .samples_per_step_max = state.step_samples_max,
        .micro_batch = plan.micro_batch,
        .accumulation = plan.accumulation,
        .train_loss = state.train_loss,
        .test_loss = state.test_loss,
        .test_accuracy = state.test_accuracy,
        .samples_per_second = state.step_seconds > 0 ? state.samples_total / state.step_seconds : 0,
        .peak_bytes = static_cast<std::int64_t>(*std::ranges::max_element(peaks)),
        .predicted_peak_bytes = memory.predicted_peak_bytes,
        .limit_bytes = memory.limit_bytes,
        .oom_count = counters.out_of_memory - memory.probe_ooms_in_steps,
        .replans = counters.replans + memory.replans,
        .probe_steps = memory.probe_steps,
        .probe_ooms = memory.probe_ooms,
        .recompute = training_.recomputed_segments});
    return {};
}

Result<void> TrainingLoop::run() {
    if (auto opened = open_curve(); !opened) return opened;
    auto& state = training_.state;
    const std::int64_t total = training_.total_steps();
    const std::int64_t interval = training_.start.checkpoint_steps;
    auto settled = calibration_.begin();
    tell_what_is_learnt();
    if (!settled) return settled;
    training_.stepper->clock().restart();
    channel_.send(wire::Running{
        .step = state.step, .total_steps = total, .data_fingerprint = training_.data_fingerprint});
    while (!training_.is_over()) {
        poll_agent();
        const auto began = Clock::now();
        auto outcome = run_step();
        if (!outcome) return outcome.error();
        if (auto recorded = record_step(*outcome, seconds_since(began)); !recorded) return recorded;
        report_if_due(*outcome);
        const double target = training_.params.target_loss;
        if (target > 0 && outcome->loss_sum / static_cast<double>(outcome->samples) <= target)
            state.ended = 1;
        const bool over = training_.is_over();
        const bool stops = !over && (outcome->stop.preempt || outcome->stop.cancel);
        if (stops && outcome->stop.cancel) break;
        const bool epoch_ends = state.step % training_.sampler->steps_per_epoch() == 0 || over;
        if (epoch_ends) {
            if (auto ended = end_epoch(); !ended) return ended;
        }
        if (epoch_ends || stops || (interval > 0 && state.step % interval == 0)) {
            if (auto written = write_checkpoint_if_first(); !written) return written;
        }
        if (stops) break;
    }
    if (state.step > step_at_start_) report_progress();  // the totals, to the end
    if (!training_.is_over()) {
        channel_.send(wire::Stopped{.step = state.step});
        return {};
    }
    settled = training_.collective->settle();
    return settled ? finish() : settled;
}

}  // namespace bw::trainer
