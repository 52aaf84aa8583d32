#include "worker/trainer/stepper.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include <ATen/ops/cross_entropy_loss.h>

#include "base/rng.h"
#include "worker/trainer/attempt/control.h"
#include "worker/trainer/torch_error.h"

namespace bw::trainer {
namespace {

// Sub-streams of the job's seed (data order and augmentation have the bare one).
constexpr std::uint64_t kDropoutStream = 0x64726f70;

/// Half of m in whole groups; the same m when that is not possible.
std::int64_t smaller_micro_batch(const plan::Plan& plan) {
    const std::int64_t unit = std::max<std::int64_t>(1, plan::largest_group(plan));
    const std::int64_t half = plan.micro_batch / 2 / unit * unit;
    return std::min(plan.micro_batch, std::max(unit, half));
}

std::int64_t most_micro_batches(const plan::Plan& plan) {
    std::size_t most = 0;
    for (const auto& share : plan::rank_shares(plan.global_batch, plan.group, plan.world_size)) {
        most = std::max(
            most, plan::micro_batches(plan.global_batch, plan.group, share, plan.micro_batch).size()
        );
    }
    return static_cast<std::int64_t>(most);
}

}  // namespace

Stepper::Stepper(const StepParts& parts, const StepOptions& options)
    : parts_(parts),
      options_(options),
      reducer_(parts.parameters, parts.batch_norm, parts.collective) {
    const auto weights = parts.parameters.buckets().front().weights;
    weight_ = torch::zeros({}, weights.options());
    loss_sum_ = torch::zeros({}, weights.options().dtype(torch::kDouble));
    correct_sum_ = torch::zeros({}, weights.options().dtype(torch::kDouble));
}

void Stepper::run_micro_batch(const StagedBatch& batch) {
    const auto loss_of = [&batch](const torch::Tensor& logits) {
        return at::cross_entropy_loss(logits, batch.labels, {}, at::Reduction::Sum);
    };
    clock_.enter(Phase::forward);
    const auto logits = parts_.network.forward(batch.images);
    auto loss = loss_of(logits);
    loss_sum_.add_(loss.detach());
    correct_sum_.add_(logits.detach().argmax(1).eq(batch.labels).sum());
    for (const auto& auxiliary : parts_.network.take_auxiliaries()) {
        loss = loss + loss_of(auxiliary.logits) * auxiliary.weight;
    }
    clock_.enter(Phase::backward);
    loss.backward(weight_);
    clock_.enter(Phase::other);
}

/// Never throws: what went wrong stands in out_of_memory_ or fatal_. When it returns, the graph is
/// gone.
void Stepper::accumulate(const StepRequest& request) {
    const auto size = static_cast<std::int64_t>(request.batch.size());
    const auto& plan = options_.plan;
    const std::int64_t group = plan::largest_group(plan);
    const auto share =
        plan::rank_shares(size, group, plan.world_size)[static_cast<std::size_t>(options_.rank)];
    out_of_memory_ = false;
    loaded_before_ = parts_.loader.loaded();
    try {
        parts_.parameters.zero_gradients();
        loss_sum_.zero_();
        correct_sum_.zero_();
        weight_.fill_(1.0 / static_cast<double>(size));
        for (auto& micro : plan::micro_batches(size, group, share, plan.micro_batch)) {
            const models::GroupLayout layout{
                .mode = parts_.batch_norm.mode(), .group_sizes = std::move(micro.group_sizes)};
            parts_.batch_norm.set_layout(&layout);
            const auto samples = request.batch.subspan(
                static_cast<std::size_t>(micro.samples.begin),
                static_cast<std::size_t>(micro.samples.size())
            );
            clock_.enter(Phase::data);
            run_micro_batch(parts_.stage.load(parts_.loader, samples, request.epoch));
        }
    } catch (const std::exception& error) {
        clock_.enter(Phase::other);
        out_of_memory_ = is_out_of_memory(error);
        ooms_ += out_of_memory_ ? 1 : 0;
        if (!out_of_memory_) fatal_ = error_text(error);
    }
    parts_.batch_norm.set_layout(nullptr);
}

void Stepper::fill_control(const StepRequest& request) {
    const auto values = reducer_.control();
    std::ranges::fill(values, 0.0);
    values[control::out_of_memory] = out_of_memory_ ? 1 : 0;
    values[control::preempt] = request.stop.preempt ? 1 : 0;
    values[control::cancel] = request.stop.cancel ? 1 : 0;
    values[control::fatal] = fatal_.empty() ? 0 : 1;
    values[control::loss] = loss_sum_.item<double>();
    values[control::correct] = correct_sum_.item<double>();
    values[control::samples] = static_cast<double>(parts_.loader.loaded() - loaded_before_);
    const std::int64_t next =
        out_of_memory_ ? smaller_micro_batch(options_.plan) : options_.plan.micro_batch;
    values[control::next_micro_batch + static_cast<std::size_t>(options_.rank)] =
        static_cast<double>(next);
}

/// After a step that some rank could not hold: the smallest of the ranks' next micro-batches, for
/// all.
Result<void> Stepper::shrink() {
    const auto slots = reducer_.control().subspan(control::next_micro_batch);
    const auto next = static_cast<std::int64_t>(*std::ranges::min_element(slots));
    auto& plan = options_.plan;
    const bool pinned = parts_.batch_norm.has_layers() &&
                        parts_.batch_norm.mode() == models::BatchNormMode::micro_batch;
    if (pinned || next >= plan.micro_batch) {
        return fail(
            Errc::out_of_memory,
            "a micro-batch of " + std::to_string(plan.micro_batch) + " does not fit" +
                (pinned ? " and bn: micro_batch pins its size; lower micro_batch"
                        : " and cannot be made smaller")
        );
    }
    std::fprintf(
        stderr,
        "out of memory: micro-batch %lld -> %lld\n",
        static_cast<long long>(plan.micro_batch),
        static_cast<long long>(next)
    );
    plan.micro_batch = next;
    plan.accumulation = most_micro_batches(plan);
    ++oom_replans_;
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

Result<StepOutcome> Stepper::run(const StepRequest& request) {
    for (std::uint64_t attempt = 0;; ++attempt) {
        const auto rank = static_cast<std::uint64_t>(options_.rank);
        torch::manual_seed(key_of(options_.seed, kDropoutStream, request.step, rank, attempt));
        accumulate(request);
        parts_.batch_norm.gather();
        fill_control(request);
        clock_.enter(Phase::all_reduce);
        const auto reduced = reducer_.reduce();
        clock_.enter(Phase::other);
        if (!reduced) return reduced.error();
        const auto agreed = reducer_.control();
        if (agreed[control::fatal] > 0) {
            return fail(
                Errc::unknown, fatal_.empty() ? "another rank failed in this step" : fatal_
            );
        }
        if (agreed[control::out_of_memory] == 0) break;
        parts_.batch_norm.discard();
        if (auto shrunk = shrink(); !shrunk) return shrunk.error();
    }
    const auto agreed = reducer_.control();
    if (!std::isfinite(agreed[control::loss]))
        return not_finite_error(request, agreed[control::loss]);
    clock_.enter(Phase::optimizer);
    parts_.optimizer.update({.learning_rate = request.learning_rate, .number = request.step + 1});
    clock_.enter(Phase::other);
    parts_.batch_norm.commit();
    return StepOutcome{
        .loss_sum = agreed[control::loss],
        .correct = agreed[control::correct],
        .samples = static_cast<std::int64_t>(agreed[control::samples]),
        .stop = {.preempt = agreed[control::preempt] > 0, .cancel = agreed[control::cancel] > 0}};
}

}  // namespace bw::trainer
