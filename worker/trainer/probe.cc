#include "worker/trainer/probe.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <c10/core/GradMode.h>

#include "worker/trainer/memory/capped_allocator.h"
#include "worker/trainer/torch_error.h"

namespace bw::trainer {
namespace {

/// What a step changes, kept in the host's memory and put back at the end.
class StateGuard {
public:
    explicit StateGuard(Training& training) : training_(training) {
        const HostMemoryScope host;
        for (const auto& named : weights_of(*training.network)) keep(named.tensor);
        for (const auto& state : training.optimizer->state()) {
            for (const auto& bucket : state.buckets) keep(bucket);
        }
    }

    StateGuard(const StateGuard&) = delete;
    StateGuard& operator=(const StateGuard&) = delete;

    ~StateGuard() {
        const HostMemoryScope host;
        const torch::NoGradGuard no_grad;
        for (auto& [live, copy] : kept_) live.copy_(copy);
        training_.batch_norm->set_layout(nullptr);
        training_.batch_norm->discard();
        training_.parameters->zero_gradients();
    }

private:
    void keep(const torch::Tensor& tensor) {
        auto live = tensor.detach();
        kept_.emplace_back(live, live.clone());
    }

    Training& training_;
    std::vector<std::pair<torch::Tensor, torch::Tensor>> kept_;
};

/// Twice the same samples; where there are groups, in one and then in two.
std::vector<plan::MicroBatch> micro_batches_of(const Training& training, std::int64_t samples) {
    plan::MicroBatch one{.samples = {0, samples}, .group_sizes = {}};
    if (training.plan.group == 0) return {one, one};
    plan::MicroBatch two = one;
    one.group_sizes = {samples};
    two.group_sizes = plan::group_sizes(samples, std::max<std::int64_t>(1, samples / 2));
    return {one, two};
}

}  // namespace

Result<ProbeRecord> probe(Training& training, std::int64_t samples) {
    return probe(training, micro_batches_of(training, samples));
}

Result<ProbeRecord> probe(Training& training, std::span<const plan::MicroBatch> micro_batches) {
    std::int64_t samples = 0;
    for (const auto& micro : micro_batches) samples = std::max(samples, micro.samples.end);
    std::vector<std::uint32_t> batch(static_cast<std::size_t>(samples));
    const auto available = static_cast<std::uint32_t>(training.train_loader->dataset().count);
    for (std::size_t i = 0; i < batch.size(); ++i)
        batch[i] = static_cast<std::uint32_t>(i) % available;
    const StepRequest request{
        .step = 0, .epoch = 0, .batch = batch, .stop = {}, .learning_rate = 0};
    const StateGuard guard(training);
    auto& memory = CappedAllocator::get();
    training.stage->reserve(0);
    memory.begin_recording();
    ProbeRecord record;
    std::string failure;
    try {
        record.micro_batch_seconds = training.stepper->rehearse(request, micro_batches);
    } catch (const std::exception& error) {
        if (!is_out_of_memory(error)) {
            memory.end_recording();
            throw;
        }
        failure = error_text(error);
    }
    record.trace = memory.end_recording();
    training.stage->reserve(0);
    if (!failure.empty()) return fail(Errc::out_of_memory, failure);
    return record;
}

}  // namespace bw::trainer
