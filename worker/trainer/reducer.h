// The draining reducer: every optimizer step issues the same collectives on every rank, on every
// path: the gradient buckets in index order, BatchNorm's group sums, the control vector. A rank
// that could not compute its gradients joins with whatever its buckets hold; all ranks read the
// same verdict from the control vector and discard the sums. No rank waits for anything else, so
// none can wait for ever. Nothing here allocates through c10.
// Two forms with the same sums: deferred, where all of it follows the last backward, and
// overlapped, where a bucket sets out as soon as the last backward has finished it and all before
// it. The order is the same in both, so the ranks need not even agree about the form.
#pragma once

#include <span>
#include <vector>

#include <torch/types.h>

#include "base/result.h"
#include "models/arch/batch_norm.h"
#include "worker/trainer/collective.h"
#include "worker/trainer/flat_parameters.h"
#include "worker/trainer/gradient_watch.h"

namespace bw::trainer {

/// The group sums of all BatchNorm layers in one flat float64 tensor. With
/// BatchNormMode::micro_batch, where each layer has updated its own running statistics, it carries
/// rank 0's instead, so that all ranks go on with those.
class BatchNormSums {
public:
    BatchNormSums(torch::nn::Module& network, models::BatchNormMode mode, int rank);

    void set_layout(const models::GroupLayout* layout);

    /// Before the reduction: the layers' sums into flat().
    void gather();

    /// After it: flat() into the layers, and one update of the running statistics.
    void commit();

    /// The step is discarded.
    void discard();

    [[nodiscard]] models::BatchNormMode mode() const { return mode_; }

    [[nodiscard]] bool has_layers() const { return !layers_.empty(); }

    /// Whether the result depends on m, so that it must stay as it was asked for.
    [[nodiscard]] bool pins_micro_batch() const {
        return has_layers() && mode_ == models::BatchNormMode::micro_batch;
    }

    torch::Tensor& flat() { return flat_; }  // undefined when there is nothing to reduce

private:
    std::vector<models::BatchNormImpl*> layers_;
    models::BatchNormMode mode_;
    int rank_;
    torch::Tensor flat_;
    std::vector<torch::Tensor>
        parts_;  // views of flat_: one per layer, or mean and variance of each
    std::vector<torch::Tensor> sources_;  // what the parts carry, for micro_batch: the buffers
};

/// Owns the control vector; see attempt/control.h for its layout.
class Reducer {
public:
    Reducer(FlatParameters& parameters, BatchNormSums& batch_norm, Collective& collective);

    /// To be filled before reduce(), read after it.
    [[nodiscard]] std::span<double> control() { return control_values_; }

    /// The overlapped form, for the backward that follows and is this rank's last of the step.
    /// Until reduce(), which must follow on every path, the buckets belong to the reduction.
    void overlap_backward();

    /// Launches whatever has not been launched yet. Errors: Errc::peer_gone.
    Result<void> reduce();

private:
    void launch_bucket(std::size_t bucket);

    FlatParameters& parameters_;
    BatchNormSums& batch_norm_;
    Collective& collective_;
    std::size_t launched_ = 0;  // buckets of this step, from the first
    GradientWatch watch_;
    std::vector<double> control_values_;
    torch::Tensor control_;  // over control_values_
};

}  // namespace bw::trainer
