#include <algorithm>

#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/sqrt.h>
#include <ATen/ops/where.h>
#include <c10/core/GradMode.h>

#include "worker/trainer/optimizer/decay.h"
#include "worker/trainer/optimizer/moments.h"

namespace bw::trainer {
namespace {

constexpr double kWeightNormMax = 10;

class Lamb final : public Optimizer {
public:
    Lamb(FlatParameters& parameters, const OptimizerSpec& spec)
        : parameters_(parameters),
          spec_(spec),
          decay_(parameters, spec),
          moments_(parameters, spec) {}

    void update(const UpdateStep& step) override {
        const torch::NoGradGuard no_grad;
        for (std::size_t i = 0; i < parameters_.buckets().size(); ++i)
            moments_.add(i, parameters_.buckets()[i].gradients);
        for (const auto& slot : parameters_.slots()) update(slot, step.learning_rate);
    }

    [[nodiscard]] std::vector<State> state() const override { return moments_.state(); }

private:
    void update(const FlatSlot& slot, double learning_rate) {
        const auto part = [&slot](const torch::Tensor& flat) {
            return flat.narrow(0, slot.offset, slot.numel);
        };
        auto weights = part(parameters_.buckets()[slot.bucket].weights);
        auto direction = part(moments_.scratch(slot.bucket));
        at::sqrt_out(direction, part(moments_.square(slot.bucket)));
        direction.add_(spec_.epsilon).reciprocal_().mul_(part(moments_.mean(slot.bucket)));
        if (const double decay = decay_.of(slot); decay != 0) direction.add_(weights, decay);
        // On the device, so that the host waits for no norm.
        const auto size = at::linalg_vector_norm(weights).clamp_max_(kWeightNormMax);
        const auto length = at::linalg_vector_norm(direction);
        const auto trust =
            at::where((size == 0).logical_or_(length == 0), torch::ones_like(size), size / length);
        weights.sub_(direction.mul_(trust).mul_(learning_rate));
    }

    FlatParameters& parameters_;
    OptimizerSpec spec_;
    Decay decay_;
    Moments moments_;
};

}  // namespace

std::unique_ptr<Optimizer> make_lamb(FlatParameters& parameters, const OptimizerSpec& spec) {
    return std::make_unique<Lamb>(parameters, spec);
}

}  // namespace bw::trainer
