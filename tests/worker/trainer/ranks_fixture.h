// Ranks as threads of the test, over Gloo: what a step does, without processes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/arch/batch_norm.h"
#include "models/arch/build.h"
#include "plan/split.h"
#include "tests/worker/trainer/data/idx_fixture.h"
#include "worker/trainer/stepper.h"

namespace bw::trainer::test {

/// Calls `rank` for every rank at once, each with its own end of one group.
void run_ranks(int world_size, const std::function<void(int rank, Collective& collective)>& rank);

/// The same with the ends handed over: a rank may leave before the others.
void run_owned_ranks(
    int world_size, const std::function<void(int rank, std::unique_ptr<Collective> group)>& rank
);

/// 96 samples of 8 x 8.
class SmallData {
public:
    SmallData();

    [[nodiscard]] const Dataset& dataset() const { return dataset_; }

private:
    TemporaryFolder folder_;
    Dataset dataset_;
};

/// What one rank trains with; the same weights on every rank and each time. SGD with momentum, in
/// the network's precision. Without a mode: ghost where the plan has groups, else frozen.
class RankParts {
public:
    RankParts(
        std::shared_ptr<models::Network> network,
        const Dataset& data,
        const plan::Plan& plan,
        int rank,
        Collective& collective,
        Reduction reduction = Reduction::automatic,
        std::optional<models::BatchNormMode> mode = {}
    );

    /// Of the batch's samples.
    Result<StepOutcome> step(std::span<const std::uint32_t> batch, double learning_rate);

    [[nodiscard]] Stepper& stepper() { return stepper_; }

    [[nodiscard]] std::string weights_digest() const;

    /// As reduced, all parameters in one vector.
    [[nodiscard]] torch::Tensor gradients() const;

private:
    std::shared_ptr<models::Network> network_;
    FlatParameters parameters_;
    std::unique_ptr<Optimizer> optimizer_;
    BatchNormSums batch_norm_;
    Loader loader_;
    BatchStage stage_;
    Stepper stepper_;
    std::int64_t steps_ = 0;
};

enum class Norm { none, batch };

/// A convolution, perhaps BatchNorm, two linear layers. Its values come from a fixed seed; safe to
/// call from any thread.
std::shared_ptr<models::Network> small_network(Norm norm);

/// 0, 1, ..., count - 1.
std::vector<std::uint32_t> first_samples(std::int64_t count);

}  // namespace bw::trainer::test
