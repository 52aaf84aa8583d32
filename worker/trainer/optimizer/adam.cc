#include <algorithm>
#include <cmath>

#include <ATen/ops/sqrt.h>
#include <c10/core/GradMode.h>

#include "worker/trainer/optimizer/optimizer.h"

namespace bw::trainer {
namespace {

class Adam final : public Optimizer {
public:
    Adam(FlatParameters& parameters, double weight_decay)
        : parameters_(parameters), weight_decay_(weight_decay) {
        std::int64_t largest = 0;
        for (const auto& bucket : parameters.buckets()) {
            mean_.push_back(torch::zeros_like(bucket.weights));
            square_.push_back(torch::zeros_like(bucket.weights));
            largest = std::max(largest, bucket.weights.numel());
        }
        if (!mean_.empty()) scratch_ = torch::zeros({largest}, mean_.front().options());
    }

    void update(const UpdateStep& step) override {
        const torch::NoGradGuard no_grad;
        const auto number = static_cast<double>(step.number);
        const double mean_correction = 1 - std::pow(kMeanDecay, number);
        const double square_correction = std::sqrt(1 - std::pow(kSquareDecay, number));
        for (std::size_t i = 0; i < parameters_.buckets().size(); ++i) {
            auto& [weights, gradients] = parameters_.buckets()[i];
            if (weight_decay_ != 0) gradients.add_(weights, weight_decay_);
            mean_[i].lerp_(gradients, 1 - kMeanDecay);
            square_[i].mul_(kSquareDecay).addcmul_(gradients, gradients, 1 - kSquareDecay);
            auto denominator = scratch_.narrow(0, 0, weights.numel());
            at::sqrt_out(denominator, square_[i]);
            denominator.div_(square_correction).add_(kEps);
            weights.addcdiv_(mean_[i], denominator, -step.learning_rate / mean_correction);
        }
    }

    [[nodiscard]] std::vector<State> state() const override {
        return {{"mean", mean_}, {"square", square_}};
    }

private:
    static constexpr double kMeanDecay = 0.9;
    static constexpr double kSquareDecay = 0.999;
    static constexpr double kEps = 1e-8;

    FlatParameters& parameters_;
    double weight_decay_;
    std::vector<torch::Tensor> mean_, square_;
    torch::Tensor scratch_;
};

}  // namespace

std::unique_ptr<Optimizer> make_adam(FlatParameters& parameters, double weight_decay) {
    return std::make_unique<Adam>(parameters, weight_decay);
}

std::unique_ptr<Optimizer> make_optimizer(
    FlatParameters& parameters, const TrainingParams& params
) {
    switch (params.optimizer) {
        case OptimizerKind::sgd:
            return make_sgd(parameters, params.momentum, params.weight_decay);
        case OptimizerKind::adam:
            return make_adam(parameters, params.weight_decay);
    }
    return nullptr;
}

}  // namespace bw::trainer
