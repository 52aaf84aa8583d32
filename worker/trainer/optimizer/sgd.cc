#include <c10/core/GradMode.h>

#include "worker/trainer/optimizer/optimizer.h"

namespace bw::trainer {
namespace {

class Sgd final : public Optimizer {
public:
    Sgd(FlatParameters& parameters, double momentum, double weight_decay)
        : parameters_(parameters), momentum_(momentum), weight_decay_(weight_decay) {
        if (momentum == 0) return;
        for (const auto& bucket : parameters.buckets())
            velocity_.push_back(torch::zeros_like(bucket.weights));
    }

    void update(const UpdateStep& step) override {
        const torch::NoGradGuard no_grad;
        for (std::size_t i = 0; i < parameters_.buckets().size(); ++i) {
            auto& [weights, gradients] = parameters_.buckets()[i];
            if (weight_decay_ != 0) gradients.add_(weights, weight_decay_);
            if (momentum_ == 0) {
                weights.add_(gradients, -step.learning_rate);
            } else {
                velocity_[i].mul_(momentum_).add_(gradients);
                weights.add_(velocity_[i], -step.learning_rate);
            }
        }
    }

    [[nodiscard]] std::vector<State> state() const override {
        if (momentum_ == 0) return {};
        return {{"momentum", velocity_}};
    }

private:
    FlatParameters& parameters_;
    double momentum_;
    double weight_decay_;
    std::vector<torch::Tensor> velocity_;
};

}  // namespace

std::unique_ptr<Optimizer> make_sgd(
    FlatParameters& parameters, double momentum, double weight_decay
) {
    return std::make_unique<Sgd>(parameters, momentum, weight_decay);
}

}  // namespace bw::trainer
