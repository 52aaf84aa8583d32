#include <c10/core/GradMode.h>

#include "worker/trainer/optimizer/decay.h"
#include "worker/trainer/optimizer/optimizer.h"

namespace bw::trainer {
namespace {

class Sgd final : public Optimizer {
public:
    Sgd(FlatParameters& parameters, const OptimizerSpec& spec)
        : parameters_(parameters), decay_(parameters, spec), nesterov_(spec.nesterov) {
        if (spec.momentum == 0) return;
        for (const auto& bucket : parameters.buckets())
            velocity_.push_back(torch::zeros_like(bucket.weights));
    }

    void update(const UpdateStep& step) override {
        const torch::NoGradGuard no_grad;
        decay_.add_to_gradients();
        for (std::size_t i = 0; i < parameters_.buckets().size(); ++i) {
            auto& [weights, gradients] = parameters_.buckets()[i];
            if (velocity_.empty()) {
                weights.add_(gradients, -step.learning_rate);
                continue;
            }
            velocity_[i].mul_(step.momentum).add_(gradients);
            const bool looks_ahead = nesterov_ == Nesterov::yes;
            if (looks_ahead) gradients.add_(velocity_[i], step.momentum);
            weights.add_(looks_ahead ? gradients : velocity_[i], -step.learning_rate);
        }
    }

    [[nodiscard]] std::vector<State> state() const override {
        if (velocity_.empty()) return {};
        return {{"momentum", velocity_}};
    }

private:
    FlatParameters& parameters_;
    Decay decay_;
    Nesterov nesterov_;
    std::vector<torch::Tensor> velocity_;
};

}  // namespace

std::unique_ptr<Optimizer> make_sgd(FlatParameters& parameters, const OptimizerSpec& spec) {
    return std::make_unique<Sgd>(parameters, spec);
}

}  // namespace bw::trainer
