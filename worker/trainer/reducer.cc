#include "worker/trainer/reducer.h"

#include <c10/core/GradMode.h>

#include "base/assert.h"
#include "worker/trainer/attempt/control.h"

namespace bw::trainer {

using models::BatchNormMode;

BatchNormSums::BatchNormSums(torch::nn::Module& network, BatchNormMode mode, int rank)
    : layers_(models::batch_norm_layers(network)), mode_(mode), rank_(rank) {
    std::int64_t size = 0;
    for (auto* layer : layers_) {
        layer->collected() = layer->collected().to(layer->weight.device());
        switch (mode) {
            case BatchNormMode::ghost:
                sources_.push_back(layer->collected());
                break;
            case BatchNormMode::micro_batch:
                sources_.push_back(layer->running_mean);
                sources_.push_back(layer->running_var);
                break;
            case BatchNormMode::frozen:
                break;
        }
    }
    for (const auto& source : sources_) size += source.numel();
    if (size == 0) return;
    flat_ = torch::zeros({size}, sources_.front().options().dtype(torch::kDouble));
    std::int64_t offset = 0;
    for (const auto& source : sources_) {
        parts_.push_back(flat_.narrow(0, offset, source.numel()));
        offset += source.numel();
    }
}

void BatchNormSums::set_layout(const models::GroupLayout* layout) {
    for (auto* layer : layers_) layer->set_layout(layout);
}

void BatchNormSums::gather() {
    const torch::NoGradGuard no_grad;
    if (mode_ == BatchNormMode::micro_batch && rank_ != 0) {
        if (flat_.defined()) flat_.zero_();
        return;
    }
    for (std::size_t i = 0; i < sources_.size(); ++i) parts_[i].copy_(sources_[i]);
}

void BatchNormSums::commit() {
    const torch::NoGradGuard no_grad;
    for (std::size_t i = 0; i < sources_.size(); ++i) sources_[i].copy_(parts_[i]);
    if (mode_ != BatchNormMode::ghost) return;
    for (auto* layer : layers_) layer->commit_running_statistics();
}

void BatchNormSums::discard() {
    for (auto* layer : layers_) layer->discard_collected();
}

Reducer::Reducer(FlatParameters& parameters, BatchNormSums& batch_norm, Collective& collective)
    : parameters_(parameters),
      batch_norm_(batch_norm),
      collective_(collective),
      watch_(parameters, [this](std::size_t bucket) { launch_bucket(bucket); }),
      control_values_(control::size(collective.world_size())) {
    control_ = torch::from_blob(
        control_values_.data(), {static_cast<std::int64_t>(control_values_.size())}, torch::kDouble
    );
}

void Reducer::overlap_backward() { watch_.begin(); }

void Reducer::launch_bucket(std::size_t bucket) {
    BW_ASSERT(bucket == launched_, "buckets are summed in the order of their index");
    ++launched_;
    collective_.launch_sum(parameters_.buckets()[bucket].gradients);
}

Result<void> Reducer::reduce() {
    watch_.end();
    while (launched_ < parameters_.buckets().size()) launch_bucket(launched_);
    launched_ = 0;
    if (batch_norm_.flat().defined()) collective_.launch_sum(batch_norm_.flat());
    collective_.launch_sum(control_);
    return collective_.wait();
}

}  // namespace bw::trainer
