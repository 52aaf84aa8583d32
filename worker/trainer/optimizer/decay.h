// Weight decay over flat buckets: the stretches of each bucket that it acts on.
#pragma once

#include <cstdint>
#include <vector>

#include "worker/trainer/attempt/optimizer_spec.h"
#include "worker/trainer/flat_parameters.h"

namespace bw::trainer {

class Decay {
public:
    /// `parameters` outlive it.
    Decay(FlatParameters& parameters, const OptimizerSpec& spec);

    /// g <- g + decay * w.
    void add_to_gradients();

    /// w <- (1 - learning_rate * decay) * w.
    void shrink_weights(double learning_rate);

    /// Of the parameter.
    [[nodiscard]] double of(const FlatSlot& slot) const;

private:
    struct Stretch {
        std::size_t bucket = 0;
        std::int64_t offset = 0, numel = 0;
    };

    FlatParameters& parameters_;
    double decay_;
    DecayScope scope_;
    std::vector<Stretch> stretches_;
};

}  // namespace bw::trainer
