// Everything that one rank of one attempt trains with, built from Start in the order in which
// things can go wrong: parameters, plan, data, network, checkpoint; the other ranks last.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "wire/trainer/messages.h"
#include "worker/trainer/accelerator.h"
#include "worker/trainer/attempt/params.h"
#include "worker/trainer/attempt/run_state.h"
#include "worker/trainer/evaluate.h"
#include "worker/trainer/model_state.h"
#include "worker/trainer/stepper.h"

namespace bw::trainer {

/// One per attempt; members in the order of their construction. Not movable: parts refer to one
/// another.
struct Training {
    trainer_wire::Start start;
    Accelerator* accelerator = nullptr;  // none on the CPU
    torch::Device device = torch::kCPU;
    TrainingParams params;
    plan::Plan plan;
    std::string data_fingerprint;  // of training and test set
    std::optional<Sampler> sampler;
    std::optional<Loader> train_loader, test_loader;  // no test loader: never evaluate
    std::int64_t test_samples = 0;
    std::shared_ptr<models::Network> network;
    bool recomputes = false;      // activations, in backward
    int recomputed_segments = 0;  // of the network
    std::unique_ptr<FlatParameters> parameters;
    std::unique_ptr<Optimizer> optimizer;
    std::unique_ptr<BatchNormSums> batch_norm;
    std::unique_ptr<BatchStage> stage;
    RunState state;
    std::unique_ptr<Collective> collective;
    std::unique_ptr<Stepper> stepper;

    [[nodiscard]] std::int64_t total_steps() const;

    /// No further step: all are done, or the target was reached.
    [[nodiscard]] bool is_over() const { return state.ended != 0 || state.step >= total_steps(); }

    /// Learning rate and momentum of a step, from 0.
    [[nodiscard]] Rates rates_of(std::int64_t step) const;

    [[nodiscard]] bool is_first_rank() const { return start.rank == 0; }
};

/// All but the collective and the stepper. `accelerator` of Start's device, nullptr for the CPU.
/// Errors: Errc::invalid_input, Errc::not_found, Errc::corrupt, Errc::unsupported, Errc::refused.
Result<std::unique_ptr<Training>> build_training(
    const trainer_wire::Start& start, Accelerator* accelerator = nullptr
);

/// The same on the CPU, on a data set that is at hand, as stored, and without a test set.
Result<std::unique_ptr<Training>> build_training_on(
    Dataset dataset, const trainer_wire::Start& start
);

/// From the next forward on; nothing where the network has no segments.
void recompute_activations(Training& training);

/// With the collective in place: the stepper.
void connect_training(Training& training, std::unique_ptr<Collective> collective);

/// What a checkpoint of this run says about itself, and its tensors.
Metadata checkpoint_metadata(const Training& training);
std::vector<NamedTensor> checkpoint_tensors(const Training& training);

}  // namespace bw::trainer
