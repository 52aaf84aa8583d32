#include "worker/trainer/stepper.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>

#include <ATen/ops/cross_entropy_loss.h>

#include "base/rng.h"
#include "worker/trainer/attempt/control.h"
#include "worker/trainer/memory/capped_allocator.h"
#include "worker/trainer/optimizer/gradients.h"
#include "worker/trainer/torch_error.h"

namespace bw::trainer {
namespace {

using Part = plan::TraceSegment::Kind;

// Sub-streams of the job's seed (data order and augmentation have the bare one).
constexpr std::uint64_t kDropoutStream = 0x64726f70;
constexpr int kStepsBeforeOverlap = 3;
constexpr std::int64_t kNoIgnoredLabel = -100;  // what LibTorch ignores; no label is negative

/// Half of m in whole groups; the same m when that is not possible.
std::int64_t smaller_micro_batch(const plan::Plan& plan, std::int64_t micro_batch) {
    const std::int64_t unit = std::max<std::int64_t>(1, plan::largest_group(plan));
    const std::int64_t half = micro_batch / 2 / unit * unit;
    return std::min(micro_batch, std::max(unit, half));
}

std::int64_t most_micro_batches(const plan::Plan& plan) {
    std::size_t most = 0;
    for (int rank = 0; rank < plan.world_size; ++rank)
        most = std::max(most, plan::micro_batches_of(plan, rank, plan.global_batch).size());
    return static_cast<std::int64_t>(most);
}

void mark(plan::TraceSegment::Kind kind, std::int64_t samples, std::int64_t groups) {
    CappedAllocator::get().mark({kind, samples, groups, 0});
}

/// What takes no more than a few numbers (a scalar, one for each channel), but stands where a rank
/// may not fail by itself: between the ranks' agreements, or half-way through the weights.
template <class Work>
void in_host_memory(Work work) {
    const HostMemoryScope host;
    work();
}

}  // namespace

Stepper::Stepper(const StepParts& parts, const StepOptions& options)
    : parts_(parts),
      options_(options),
      reducer_(parts.parameters, parts.batch_norm, parts.collective) {
    const auto weights = parts.parameters.buckets().front().weights;
    weight_ = torch::zeros({}, weights.options());
    sums_ = torch::zeros({2}, weights.options().dtype(torch::kDouble));
    host_sums_ = sums_.is_cpu()
                     ? sums_
                     : torch::zeros({2}, torch::dtype(torch::kDouble).pinned_memory(true));
    loss_sum_ = sums_[0];
    correct_sum_ = sums_[1];
    if (options.sharpness.rho > 0) sharpness_.emplace(parts.parameters, options.sharpness);
}

std::int64_t Stepper::micro_batch_of(int rank) const {
    const auto& plan = options_.plan;
    return plan.ranks.empty() ? plan.micro_batch
                              : plan.ranks[static_cast<std::size_t>(rank)].micro_batch;
}

void Stepper::set_plan(const plan::Plan& plan) {
    options_.plan = plan;
    options_.plan.accumulation = most_micro_batches(plan);
    counters_.peak_bytes = 0;
    steps_under_plan_ = 0;
}

bool Stepper::overlaps() const {
    switch (options_.reduction) {
        case Reduction::deferred:
            return false;
        case Reduction::overlapped:
            return true;
        case Reduction::automatic:
            break;
    }
    // On a GPU the sums would set out from autograd's thread, which no machine here has proven.
    return parts_.accelerator == nullptr && parts_.collective.world_size() > 1 &&
           steps_under_plan_ >= kStepsBeforeOverlap;
}

/// Room for the gradient of the mean over as many samples.
void Stepper::begin_sums(std::int64_t samples) {
    parts_.parameters.zero_gradients();
    sums_.zero_();
    weight_.fill_(1.0 / static_cast<double>(samples));
}

void Stepper::run_micro_batch(const StepRequest& request, const plan::MicroBatch& micro_batch) {
    const models::GroupLayout layout{
        .mode = parts_.batch_norm.mode(),
        .running_statistics = running_statistics_,
        .group_sizes = micro_batch.group_sizes};
    parts_.batch_norm.set_layout(&layout);
    const auto count = micro_batch.samples.size();
    const auto groups = std::ssize(micro_batch.group_sizes);
    mark(Part::forward, count, groups);
    const auto samples = request.batch.subspan(
        static_cast<std::size_t>(micro_batch.samples.begin), static_cast<std::size_t>(count)
    );
    clock_.enter(Phase::data);
    const auto batch = parts_.stage.load(parts_.loader, samples, request.epoch);
    const auto loss_of = [this, &batch](const torch::Tensor& logits) {
        return at::cross_entropy_loss(
            logits, batch.labels, {}, at::Reduction::Sum, kNoIgnoredLabel, options_.label_smoothing
        );
    };
    clock_.enter(Phase::forward);
    const auto logits = parts_.network.forward(batch.images);
    auto loss = loss_of(logits);
    loss_sum_.add_(loss.detach());
    correct_sum_.add_(logits.detach().argmax(1).eq(batch.labels).sum());
    for (const auto& auxiliary : parts_.network.take_auxiliaries()) {
        loss = loss + loss_of(auxiliary.logits) * auxiliary.weight;
    }
    mark(Part::backward, count, groups);
    clock_.enter(Phase::backward);
    loss.backward(weight_);
    clock_.enter(Phase::other);
}

/// Never throws: what went wrong stands in out_of_memory_ or fatal_. When it returns, the graph is
/// gone.
void Stepper::accumulate(const StepRequest& request) {
    const auto size = static_cast<std::int64_t>(request.batch.size());
    out_of_memory_ = false;
    loaded_before_ = parts_.loader.loaded();
    try {
        parts_.stage.reserve(std::max(micro_batch_of(options_.rank), options_.stage_samples_min));
        begin_sums(size);
        const auto micro_batches = plan::micro_batches_of(options_.plan, options_.rank, size);
        for (const auto& micro : micro_batches) {
            if (&micro == &micro_batches.back() && overlaps()) reducer_.overlap_backward();
            run_micro_batch(request, micro);
        }
    } catch (const std::exception& error) {
        clock_.enter(Phase::other);
        out_of_memory_ = is_out_of_memory(error);
        counters_.out_of_memory += out_of_memory_ ? 1 : 0;
        if (!out_of_memory_) fatal_ = error_text(error);
    }
    parts_.batch_norm.set_layout(nullptr);
}

double Stepper::rehearse(
    const StepRequest& request, std::span<const plan::MicroBatch> micro_batches
) {
    using Clock = std::chrono::steady_clock;
    const std::int64_t samples = micro_batches.front().samples.size();
    mark(Part::prepare, samples, 0);
    parts_.stage.reserve(samples);
    begin_sums(samples);
    Clock::time_point last;
    for (const auto& micro : micro_batches) {
        last = Clock::now();
        run_micro_batch(request, micro);
    }
    const std::chrono::duration<double> seconds = Clock::now() - last;
    mark(Part::update, samples, 0);
    update(request);
    return seconds.count();
}

void Stepper::fill_control(const StepRequest& request) {
    const auto values = reducer_.control();
    std::ranges::fill(values, 0.0);
    values[control::out_of_memory] = out_of_memory_ ? 1 : 0;
    values[control::preempt] = request.stop.preempt ? 1 : 0;
    values[control::cancel] = request.stop.cancel ? 1 : 0;
    values[control::fatal] = fatal_.empty() ? 0 : 1;
    // On a GPU the one moment of a step at which the host waits for it.
    if (!sums_.is_cpu()) host_sums_.copy_(sums_);
    const auto* sums = host_sums_.const_data_ptr<double>();
    values[control::loss] = sums[0];
    values[control::correct] = sums[1];
    values[control::samples] = static_cast<double>(parts_.loader.loaded() - loaded_before_);
    values[control::next_micro_batch + static_cast<std::size_t>(options_.rank)] =
        static_cast<double>(next_micro_batch());
}

std::int64_t Stepper::next_micro_batch() const {
    const std::int64_t now = micro_batch_of(options_.rank);
    if (!out_of_memory_) return now;
    const std::int64_t half = smaller_micro_batch(options_.plan, now);
    const std::int64_t fitting = fit_ ? fit_() : 0;
    const std::int64_t least = std::max<std::int64_t>(1, plan::largest_group(options_.plan));
    return fitting > 0 ? std::clamp(fitting, std::min(least, half), half) : half;
}

/// After a step that some rank could not hold: where devices are unequal each rank its next
/// micro-batch, else the smallest of them for all.
Result<void> Stepper::shrink() {
    const auto slots = reducer_.control().subspan(control::next_micro_batch);
    plan::Plan next = options_.plan;
    for (std::size_t rank = 0; rank < next.ranks.size(); ++rank)
        next.ranks[rank].micro_batch = static_cast<std::int64_t>(slots[rank]);
    const auto largest =
        next.ranks.empty() ? std::ranges::min_element(slots) : std::ranges::max_element(slots);
    next.micro_batch = static_cast<std::int64_t>(*largest);
    const bool pinned = parts_.batch_norm.pins_micro_batch();
    const bool same =
        next.micro_batch == options_.plan.micro_batch && next.ranks == options_.plan.ranks;
    if (pinned || same) {
        return fail(
            Errc::out_of_memory,
            "a micro-batch of " + std::to_string(options_.plan.micro_batch) + " does not fit" +
                (pinned ? " and bn: micro_batch pins its size; lower micro_batch"
                        : " and cannot be made smaller")
        );
    }
    std::fprintf(
        stderr,
        "out of memory: micro-batch %lld -> %lld\n",
        static_cast<long long>(options_.plan.micro_batch),
        static_cast<long long>(next.micro_batch)
    );
    if (parts_.accelerator != nullptr) parts_.accelerator->empty_cache();
    set_plan(next);
    ++counters_.replans;
    return {};
}

Error Stepper::not_finite_error(const StepRequest& request, double loss_sum) const {
    char text[128];
    std::snprintf(
        text,
        sizeof text,
        "loss became %s at step %lld (learning_rate %g): lower the learning rate",
        std::isnan(loss_sum) ? "nan" : "inf",
        static_cast<long long>(request.step + 1),
        request.learning_rate
    );
    return fail(Errc::not_finite, text);
}

void Stepper::update(const StepRequest& request) {
    const HostMemoryScope host;  // it takes scalars; its state is there
    if (options_.clip_norm > 0) clip_gradients(parts_.parameters, options_.clip_norm);
    parts_.optimizer.update(
        {.learning_rate = request.learning_rate,
         .momentum = request.momentum,
         .number = request.step + 1}
    );
}

StepOutcome Stepper::agreed_outcome() {
    const auto agreed = reducer_.control();
    return {
        .loss_sum = agreed[control::loss],
        .correct = agreed[control::correct],
        .samples = static_cast<std::int64_t>(agreed[control::samples]),
        .stop = {.preempt = agreed[control::preempt] > 0, .cancel = agreed[control::cancel] > 0}};
}

/// The gradient of the whole batch, on every rank. Errors, the same kind on every rank:
/// Errc::out_of_memory when some rank could not hold its share, else as run().
Result<void> Stepper::reduce_pass(const StepRequest& request, Pass pass, std::uint64_t attempt) {
    const auto rank = static_cast<std::uint64_t>(options_.rank);
    const std::uint64_t number = attempt | static_cast<std::uint64_t>(pass) << 32;
    torch::manual_seed(key_of(options_.seed, kDropoutStream, request.step, rank, number));
    accumulate(request);
    in_host_memory([this] { parts_.batch_norm.gather(); });
    fill_control(request);
    clock_.enter(Phase::all_reduce);
    const auto reduced = reducer_.reduce();
    clock_.enter(Phase::other);
    if (!reduced) return reduced;
    const auto agreed = reducer_.control();
    if (agreed[control::fatal] > 0)
        return fail(Errc::unknown, fatal_.empty() ? "another rank failed in this step" : fatal_);
    if (agreed[control::out_of_memory] > 0)
        return fail(Errc::out_of_memory, "a rank could not hold its share");
    if (!std::isfinite(agreed[control::loss]))
        return not_finite_error(request, agreed[control::loss]);
    return {};
}

/// SAM's second pass. The weights are those of before when it returns, on every path.
Result<void> Stepper::climb_and_repeat(const StepRequest& request, std::uint64_t attempt) {
    in_host_memory([this] { sharpness_->climb(); });
    running_statistics_ = models::RunningStatistics::no;  // the batch was seen already
    auto repeated = reduce_pass(request, Pass::second, attempt);
    running_statistics_ = models::RunningStatistics::yes;
    in_host_memory([this] { sharpness_->descend(); });
    return repeated;
}

Result<StepOutcome> Stepper::try_step(const StepRequest& request, std::uint64_t attempt) {
    if (auto passed = reduce_pass(request, Pass::first, attempt); !passed) return passed.error();
    const StepOutcome outcome = agreed_outcome();
    if (!sharpness_) return outcome;
    if (auto repeated = climb_and_repeat(request, attempt); !repeated) return repeated.error();
    return outcome;
}

Result<StepOutcome> Stepper::run(const StepRequest& request) {
    auto& memory = CappedAllocator::get();
    memory.reset_peak();
    auto outcome = try_step(request, 0);
    for (std::uint64_t attempt = 1; !outcome && outcome.error().code == Errc::out_of_memory;
         ++attempt) {
        in_host_memory([this] { parts_.batch_norm.discard(); });
        if (auto shrunk = shrink(); !shrunk) return shrunk.error();
        memory.reset_peak();
        outcome = try_step(request, attempt);
    }
    if (!outcome) return outcome;
    mark(Part::update, static_cast<std::int64_t>(request.batch.size()), 0);
    clock_.enter(Phase::optimizer);
    update(request);
    clock_.enter(Phase::other);
    in_host_memory([this] { parts_.batch_norm.commit(); });
    counters_.peak_bytes = std::max(counters_.peak_bytes, memory.peak_bytes());
    ++steps_under_plan_;
    return outcome;
}

}  // namespace bw::trainer
