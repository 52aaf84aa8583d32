#include <cmath>

#include <ATen/ops/sqrt.h>
#include <c10/core/GradMode.h>

#include "worker/trainer/optimizer/decay.h"
#include "worker/trainer/optimizer/moments.h"

namespace bw::trainer {
namespace {

class Adam final : public Optimizer {
public:
    Adam(FlatParameters& parameters, const OptimizerSpec& spec)
        : parameters_(parameters),
          spec_(spec),
          decay_(parameters, spec),
          moments_(parameters, spec) {}

    void update(const UpdateStep& step) override {
        const torch::NoGradGuard no_grad;
        const auto number = static_cast<double>(step.number);
        const double mean_correction = 1 - std::pow(spec_.beta1, number);
        const double square_correction = std::sqrt(1 - std::pow(spec_.beta2, number));
        if (spec_.kind == OptimizerKind::adamw) {
            decay_.shrink_weights(step.learning_rate);
        } else {
            decay_.add_to_gradients();
        }
        for (std::size_t i = 0; i < parameters_.buckets().size(); ++i) {
            auto& [weights, gradients] = parameters_.buckets()[i];
            moments_.add(i, gradients);
            auto denominator = moments_.scratch(i);
            at::sqrt_out(denominator, moments_.square(i));
            denominator.div_(square_correction).add_(spec_.epsilon);
            weights.addcdiv_(moments_.mean(i), denominator, -step.learning_rate / mean_correction);
        }
    }

    [[nodiscard]] std::vector<State> state() const override { return moments_.state(); }

private:
    FlatParameters& parameters_;
    OptimizerSpec spec_;
    Decay decay_;
    Moments moments_;
};

}  // namespace

std::unique_ptr<Optimizer> make_adam(FlatParameters& parameters, const OptimizerSpec& spec) {
    return std::make_unique<Adam>(parameters, spec);
}

}  // namespace bw::trainer
