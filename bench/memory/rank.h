// One rank of a real network on made-up images, as a thread of the benchmark: a step can be taken
// again and again from the same weights.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "models/arch/recompute.h"
#include "worker/trainer/stepper.h"

namespace bw::bench {

struct Setting {
    std::string model = "resnet18";
    int side = 32, ranks = 2;
    std::int64_t batch = 8, group = 2;
    models::Recompute recompute = models::Recompute::none;
};

/// Calls `rank` for every rank at once, each with its own end of one Gloo group on loopback.
void run_ranks(
    int ranks, const std::function<void(int rank, trainer::Collective& collective)>& rank
);

struct Try {
    std::int64_t micro_batch = 0;
    std::int64_t fault = -1;  // the number of this thread's allocation that fails
    trainer::Reduction reduction = trainer::Reduction::deferred;
};

struct Seen {
    std::string error;  // empty: the step was taken
    std::int64_t micro_batch = 0;
    double loss_sum = 0, seconds = 0;
};

class Rank {
public:
    Rank(const Setting& setting, int rank, trainer::Collective& collective);

    /// A step from the first weights.
    Seen step(const Try& given);

    /// Whether the weights are now those that keep() saw.
    [[nodiscard]] bool is_as_kept() const;
    void keep();

    [[nodiscard]] std::string digest() const;

    [[nodiscard]] trainer::FlatParameters& parameters() { return parameters_; }

private:
    void begin_again();

    Setting setting_;
    int rank_;
    trainer::Collective& collective_;
    std::shared_ptr<models::Network> network_;
    trainer::FlatParameters parameters_;
    std::unique_ptr<trainer::Optimizer> optimizer_;
    trainer::BatchNormSums batch_norm_;
    trainer::Loader loader_;
    trainer::BatchStage stage_;
    std::vector<torch::Tensor> first_, kept_;
};

}  // namespace bw::bench
