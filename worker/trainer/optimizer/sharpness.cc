#include "worker/trainer/optimizer/sharpness.h"

#include <c10/core/GradMode.h>

#include "worker/trainer/optimizer/gradients.h"

namespace bw::trainer {

namespace {
constexpr double kNormMin = 1e-12;
}  // namespace

Sharpness::Sharpness(FlatParameters& parameters, const SharpnessSpec& spec)
    : parameters_(parameters), spec_(spec) {
    for (const auto& bucket : parameters.buckets())
        before_.push_back(torch::empty_like(bucket.weights));
}

void Sharpness::climb() {
    const torch::NoGradGuard no_grad;
    const auto scale_by_weights = [this] {
        if (!spec_.adaptive) return;
        for (auto& bucket : parameters_.buckets()) bucket.gradients.mul_(bucket.weights);
    };
    scale_by_weights();
    const auto scale = gradient_norm(parameters_).add_(kNormMin).reciprocal_().mul_(spec_.rho);
    scale_by_weights();
    for (std::size_t i = 0; i < before_.size(); ++i) {
        auto& [weights, gradients] = parameters_.buckets()[i];
        before_[i].copy_(weights);
        weights.add_(gradients.mul_(scale));
    }
}

void Sharpness::descend() {
    const torch::NoGradGuard no_grad;
    for (std::size_t i = 0; i < before_.size(); ++i)
        parameters_.buckets()[i].weights.copy_(before_[i]);
}

}  // namespace bw::trainer
