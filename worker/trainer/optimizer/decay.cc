#include "worker/trainer/optimizer/decay.h"

namespace bw::trainer {

Decay::Decay(FlatParameters& parameters, const OptimizerSpec& spec)
    : parameters_(parameters), decay_(spec.weight_decay), scope_(spec.decay_scope) {
    if (decay_ == 0) return;
    if (scope_ == DecayScope::all) {
        for (std::size_t i = 0; i < parameters.buckets().size(); ++i)
            stretches_.push_back({i, 0, parameters.buckets()[i].weights.numel()});
        return;
    }
    for (const auto& slot : parameters.slots()) {
        if (of(slot) != 0) stretches_.push_back({slot.bucket, slot.offset, slot.numel});
    }
}

double Decay::of(const FlatSlot& slot) const {
    return scope_ == DecayScope::all || slot.sizes.size() > 1 ? decay_ : 0;
}

void Decay::add_to_gradients() {
    for (const auto& [bucket, offset, numel] : stretches_) {
        auto& [weights, gradients] = parameters_.buckets()[bucket];
        gradients.narrow(0, offset, numel).add_(weights.narrow(0, offset, numel), decay_);
    }
}

void Decay::shrink_weights(double learning_rate) {
    for (const auto& [bucket, offset, numel] : stretches_)
        parameters_.buckets()[bucket]
            .weights.narrow(0, offset, numel)
            .mul_(1 - learning_rate * decay_);
}

}  // namespace bw::trainer
