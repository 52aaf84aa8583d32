#include "worker/trainer/evaluate.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include <ATen/ops/cross_entropy_loss.h>
#include <c10/core/InferenceMode.h>

#include "plan/split.h"

namespace bw::trainer {

Result<Evaluation> evaluate(
    models::Network& network,
    Loader& loader,
    BatchStage& stage,
    Collective& collective,
    int rank,
    std::int64_t samples
) {
    const auto share =
        plan::rank_shares(samples, 0, collective.world_size())[static_cast<std::size_t>(rank)];
    auto sums = torch::zeros({3}, torch::kDouble);  // loss, correct, samples
    auto* totals = sums.data_ptr<double>();
    // Read once, at the end: the host does not wait for a GPU after every batch.
    auto on_device = torch::zeros({2}, torch::TensorOptions(stage.device()).dtype(torch::kDouble));
    auto loss_sum = on_device[0], correct_sum = on_device[1];
    network.eval();
    for (std::int64_t begin = share.begin; begin < share.end; begin += stage.samples_max()) {
        const c10::InferenceMode inference;
        std::vector<std::uint32_t> indices(
            static_cast<std::size_t>(std::min(stage.samples_max(), share.end - begin))
        );
        std::iota(indices.begin(), indices.end(), static_cast<std::uint32_t>(begin));
        const auto batch = stage.load(loader, indices, 0);
        const auto logits = network.forward(batch.images);
        loss_sum.add_(at::cross_entropy_loss(logits, batch.labels, {}, at::Reduction::Sum));
        correct_sum.add_(logits.argmax(1).eq(batch.labels).sum());
        totals[2] += static_cast<double>(indices.size());
    }
    sums.narrow(0, 0, 2).copy_(on_device);
    network.train();
    collective.launch_sum(sums);
    if (auto done = collective.wait(); !done) return done.error();
    return Evaluation{.loss = totals[0] / totals[2], .accuracy = totals[1] / totals[2]};
}

}  // namespace bw::trainer
