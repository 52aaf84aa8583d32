// The running means of gradients and of their squares that Adam, AdamW and LAMB share, and room for
// one bucket's intermediate result.
#pragma once

#include <algorithm>
#include <vector>

#include "worker/trainer/optimizer/optimizer.h"

namespace bw::trainer {

class Moments {
public:
    Moments(const FlatParameters& parameters, const OptimizerSpec& spec)
        : beta1_(spec.beta1), beta2_(spec.beta2) {
        std::int64_t largest = 0;
        for (const auto& bucket : parameters.buckets()) {
            mean_.push_back(torch::zeros_like(bucket.weights));
            square_.push_back(torch::zeros_like(bucket.weights));
            largest = std::max(largest, bucket.weights.numel());
        }
        if (!mean_.empty()) scratch_ = torch::zeros({largest}, mean_.front().options());
    }

    void add(std::size_t bucket, const torch::Tensor& gradients) {
        mean_[bucket].lerp_(gradients, 1 - beta1_);
        square_[bucket].mul_(beta2_).addcmul_(gradients, gradients, 1 - beta2_);
    }

    torch::Tensor& mean(std::size_t bucket) { return mean_[bucket]; }

    torch::Tensor& square(std::size_t bucket) { return square_[bucket]; }

    /// As long as the bucket; overwritten by whoever uses it.
    [[nodiscard]] torch::Tensor scratch(std::size_t bucket) const {
        return scratch_.narrow(0, 0, mean_[bucket].numel());
    }

    [[nodiscard]] std::vector<Optimizer::State> state() const {
        return {{"mean", mean_}, {"square", square_}};
    }

private:
    double beta1_, beta2_;
    std::vector<torch::Tensor> mean_, square_;
    torch::Tensor scratch_;
};

}  // namespace bw::trainer
