#include <algorithm>

#include <ATen/ops/sqrt.h>
#include <c10/core/GradMode.h>

#include "worker/trainer/optimizer/decay.h"
#include "worker/trainer/optimizer/optimizer.h"

namespace bw::trainer {
namespace {

class RmsProp final : public Optimizer {
public:
    RmsProp(FlatParameters& parameters, const OptimizerSpec& spec)
        : parameters_(parameters), spec_(spec), decay_(parameters, spec) {
        std::int64_t largest = 0;
        for (const auto& bucket : parameters.buckets()) {
            square_.push_back(torch::zeros_like(bucket.weights));
            if (spec.momentum != 0) velocity_.push_back(torch::zeros_like(bucket.weights));
            largest = std::max(largest, bucket.weights.numel());
        }
        if (!square_.empty()) scratch_ = torch::zeros({largest}, square_.front().options());
    }

    void update(const UpdateStep& step) override {
        const torch::NoGradGuard no_grad;
        decay_.add_to_gradients();
        for (std::size_t i = 0; i < parameters_.buckets().size(); ++i) {
            auto& [weights, gradients] = parameters_.buckets()[i];
            square_[i].mul_(spec_.rms_decay).addcmul_(gradients, gradients, 1 - spec_.rms_decay);
            auto root = scratch_.narrow(0, 0, weights.numel());
            at::sqrt_out(root, square_[i]);
            root.add_(spec_.epsilon);
            if (velocity_.empty()) {
                weights.addcdiv_(gradients, root, -step.learning_rate);
            } else {
                velocity_[i].mul_(step.momentum).addcdiv_(gradients, root);
                weights.add_(velocity_[i], -step.learning_rate);
            }
        }
    }

    [[nodiscard]] std::vector<State> state() const override {
        std::vector<State> state = {{"square", square_}};
        if (!velocity_.empty()) state.push_back({"momentum", velocity_});
        return state;
    }

private:
    FlatParameters& parameters_;
    OptimizerSpec spec_;
    Decay decay_;
    std::vector<torch::Tensor> square_, velocity_;
    torch::Tensor scratch_;
};

}  // namespace

std::unique_ptr<Optimizer> make_rmsprop(FlatParameters& parameters, const OptimizerSpec& spec) {
    return std::make_unique<RmsProp>(parameters, spec);
}

}  // namespace bw::trainer
