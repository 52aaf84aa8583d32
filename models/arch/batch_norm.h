// BatchNorm whose statistics belong to the job, not to the plan (DESIGN 7): the batch is cut into
// groups in sample order, each group is normalised by itself, and the running statistics take one
// update per optimizer step from all groups of all micro-batches and ranks. The trainer owns the
// step; the layers only collect sums.
#pragma once

#include <cstdint>
#include <vector>

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include "models/arch/layer.h"

namespace bw::models {

enum class BatchNormMode {
    ghost,        // groups; running statistics by commit_running_statistics
    micro_batch,  // plain BatchNorm over whatever batch is passed; updates its running statistics
                  // itself
    frozen,       // normalises with the running statistics, also in training
};

/// `no` for a forward whose batch was seen already: a recomputed one, or the second of SAM.
enum class RunningStatistics { no, yes };

/// What one forward in training needs to know; set by the trainer on every layer before each
/// micro-batch.
struct GroupLayout {
    BatchNormMode mode = BatchNormMode::micro_batch;
    RunningStatistics running_statistics = RunningStatistics::yes;
    std::vector<std::int64_t>
        group_sizes;  // of this micro-batch, in sample order; sum = its batch size
};

/// A drop-in for torch::nn::BatchNorm2d / 1d: the same parameters and buffers in the same order
/// (weight, bias, running_mean, running_var, num_batches_tracked). x: [n, channels, ...].
class BatchNormImpl : public Layer {
public:
    explicit BatchNormImpl(std::int64_t channels, double eps = 1e-5, double momentum = 0.1);
    torch::Tensor forward(torch::Tensor x) override;
    LayerCost cost(const torch::Tensor& x, const torch::Tensor& y) const override;

    /// The layout of the next micro-batch. The layer keeps a reference: it must outlive the
    /// forward.
    void set_layout(const GroupLayout* layout) { layout_ = layout; }

    /// Sums since the last commit, float64, preallocated [2 * channels + 1]: sum over groups of n_j
    /// * mean_j, then of n_j * (var_j + mean_j^2) (biased), then the count of samples times
    /// positions. The trainer reduces it over ranks.
    torch::Tensor& collected() { return collected_; }

    /// One exponential update from `collected` (after the reduction), unbiased as n/(n-1); then
    /// clears it.
    void commit_running_statistics();

    /// The same for any device, without the host waiting for it.
    void commit_on_device();

    /// Forgets what was collected since the last commit (a step that was discarded).
    void discard_collected();

    torch::Tensor weight, bias, running_mean, running_var, num_batches_tracked;

private:
    torch::Tensor plain(const torch::Tensor& x, BatchNormMode mode, RunningStatistics running);

    double eps_;
    double momentum_;
    const GroupLayout* layout_ = nullptr;
    torch::Tensor collected_;
};

TORCH_MODULE(BatchNorm);

/// Every BatchNorm layer of a network, in registration order.
std::vector<BatchNormImpl*> batch_norm_layers(torch::nn::Module& network);

}  // namespace bw::models
