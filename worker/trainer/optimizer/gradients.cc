#include "worker/trainer/optimizer/gradients.h"

#include <vector>

#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/stack.h>
#include <c10/core/GradMode.h>

namespace bw::trainer {

torch::Tensor gradient_norm(const FlatParameters& parameters) {
    const torch::NoGradGuard no_grad;
    std::vector<torch::Tensor> norms;
    for (const auto& bucket : parameters.buckets())
        norms.push_back(at::linalg_vector_norm(bucket.gradients));  // zeros between parameters
    return at::linalg_vector_norm(at::stack(norms));
}

void clip_gradients(FlatParameters& parameters, double max_norm) {
    const torch::NoGradGuard no_grad;
    const auto factor =
        gradient_norm(parameters).add_(1e-6).reciprocal_().mul_(max_norm).clamp_max_(1.0);
    for (auto& bucket : parameters.buckets()) bucket.gradients.mul_(factor);
}

}  // namespace bw::trainer
