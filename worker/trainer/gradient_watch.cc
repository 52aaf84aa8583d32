#include "worker/trainer/gradient_watch.h"

#include <memory>
#include <utility>

#include <torch/csrc/autograd/utils/lambda_post_hook.h>
#include <torch/csrc/autograd/variable.h>

#include "base/assert.h"

namespace bw::trainer {

using torch::autograd::utils::LambdaPostHook;
using Variables = std::vector<torch::autograd::Variable>;

GradientWatch::GradientWatch(
    FlatParameters& parameters, std::function<void(std::size_t bucket)> on_ready
)
    : on_ready_(std::move(on_ready)), parameters_in_(parameters.buckets().size(), 0) {
    for (std::size_t i = 0; i < parameters.parameters().size(); ++i) {
        const auto& parameter = parameters.parameters()[i];
        if (!parameter.requires_grad()) continue;
        const std::size_t bucket = parameters.slots()[i].bucket;
        ++parameters_in_[bucket];
        auto accumulator = torch::autograd::impl::grad_accumulator(parameter);
        auto hook =
            std::make_unique<LambdaPostHook>([this,
                                              bucket](const Variables& outputs, const Variables&) {
                finished(bucket);
                return outputs;
            });
        const std::uintptr_t key = accumulator->add_post_hook(std::move(hook));
        hooks_.push_back({std::move(accumulator), key});
    }
}

GradientWatch::~GradientWatch() {
    for (const auto& hook : hooks_) hook.accumulator->del_post_hook(hook.key);
}

void GradientWatch::begin() {
    missing_in_ = parameters_in_;
    next_ = 0;
    is_watching_ = true;
}

void GradientWatch::finished(std::size_t bucket) {
    if (!is_watching_) return;
    BW_ASSERT(missing_in_[bucket] > 0, "a gradient was added to twice in one backward");
    --missing_in_[bucket];
    while (next_ < missing_in_.size() && missing_in_[next_] == 0) on_ready_(next_++);
}

}  // namespace bw::trainer
