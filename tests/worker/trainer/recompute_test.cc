// Activations that are computed again: the same gradients, bit for bit, the same running
// statistics and random numbers, less memory; and a rank that runs out of memory in the midst of
// the repetition recovers as from any other failure.
#include "models/arch/recompute.h"

#include <ATen/Parallel.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include "base/rng.h"
#include "models/arch/stack.h"
#include "tests/worker/trainer/ranks_fixture.h"
#include "worker/trainer/memory/capped_allocator.h"

namespace bw::trainer::test {
namespace {

using models::Recompute;

struct Pass {
    std::vector<torch::Tensor> tensors;  // loss, gradients, BatchNorm's sums, a number drawn after
    std::int64_t peak_bytes = 0;         // above what was there
};

struct Subject {
    const char* model;
    int channels, side;
    int segments_min;
};

/// One forward and backward of six samples in two groups.
Pass pass_of(models::Network& network, const torch::Tensor& x, const torch::Tensor& labels) {
    const models::GroupLayout layout{.mode = models::BatchNormMode::ghost, .group_sizes = {3, 3}};
    const auto layers = models::batch_norm_layers(network);
    for (auto* layer : layers) {
        layer->set_layout(&layout);
        layer->discard_collected();
    }
    auto& memory = CappedAllocator::get();
    for (auto& parameter : network.parameters())  // in place, as in training
        if (parameter.grad().defined()) parameter.mutable_grad().zero_();
    torch::manual_seed(3);
    memory.reset_peak();
    const std::int64_t before = memory.peak_bytes();
    Pass pass;
    {
        auto loss = at::cross_entropy_loss(network.forward(x), labels);
        for (const auto& auxiliary : network.take_auxiliaries())
            loss = loss + at::cross_entropy_loss(auxiliary.logits, labels) * auxiliary.weight;
        loss.backward();
        pass.tensors.push_back(loss.detach());
    }
    pass.peak_bytes = memory.peak_bytes() - before;
    for (const auto& parameter : network.parameters())
        if (parameter.grad().defined()) pass.tensors.push_back(parameter.grad().clone());
    for (auto* layer : layers) {
        pass.tensors.push_back(layer->collected().clone());
        layer->set_layout(nullptr);
    }
    pass.tensors.push_back(torch::rand({1}));
    return pass;
}

class RecomputedNetworks : public testing::TestWithParam<Subject> {
protected:
    static void SetUpTestSuite() { CappedAllocator::install(); }
};

TEST_P(RecomputedNetworks, HaveTheSameGradientsAndTakeLessMemory) {
    const Subject& given = GetParam();
    at::set_num_threads(1);
    torch::manual_seed(1);
    const auto built =
        models::build_network(given.model, 10, {given.channels, given.side, given.side});
    ASSERT_TRUE(built) << built.error().message;
    auto& network = **built;
    network.train();
    const auto x = at::randn({6, given.channels, given.side, given.side});
    const auto labels = at::randint(10, {6}, torch::kLong);
    pass_of(network, x, labels);  // kernels are prepared, gradients there
    const Pass kept = pass_of(network, x, labels);
    const int segments = models::set_recompute(network, Recompute::segments);
    EXPECT_GE(segments, given.segments_min);
    const Pass again = pass_of(network, x, labels);
    ASSERT_EQ(again.tensors.size(), kept.tensors.size());
    for (std::size_t i = 0; i < kept.tensors.size(); ++i)
        EXPECT_TRUE(again.tensors[i].equal(kept.tensors[i])) << "tensor " << i;
    EXPECT_LT(again.peak_bytes, kept.peak_bytes);
    std::printf(
        "%s: %d segments, %.1f -> %.1f MiB\n",
        given.model,
        segments,
        static_cast<double>(kept.peak_bytes) / (1 << 20),
        static_cast<double>(again.peak_bytes) / (1 << 20)
    );
    models::set_recompute(network, Recompute::none);
    EXPECT_EQ(pass_of(network, x, labels).peak_bytes, kept.peak_bytes) << "and it can be undone";
}

std::string subject_name(const testing::TestParamInfo<Subject>& info) { return info.param.model; }

INSTANTIATE_TEST_SUITE_P(
    Models,
    RecomputedNetworks,
    testing::Values(
        Subject{"cnn", 1, 28, 2},
        Subject{"resnet18", 3, 32, 9},
        Subject{"mobilenetv2", 3, 32, 15},
        Subject{"shufflenet_v2_x1_0", 3, 32, 15},
        Subject{"squeezenet1_0", 3, 64, 8},
        Subject{"densenet121", 3, 32, 5},
        Subject{"googlenet", 3, 64, 9},
        Subject{"efficientnet_b0", 3, 32, 14}
    ),
    subject_name
);

/// Two runs of layers and a head, the same values each time.
std::shared_ptr<models::Network> layered_network(Recompute recompute) {
    auto network = std::make_shared<models::Stack>();
    const models::ConvOptions conv3{.kernel = 3, .padding = 1};
    network->then(
        "features",
        models::chain({
            models::conv(1, 4, conv3),
            models::batch_norm(4),
            models::relu(),
            models::max_pool({}),
            models::conv(4, 8, conv3),
            models::batch_norm(8),
            models::relu(),
            models::max_pool({}),
        })
    );
    network->then("flatten", models::flatten());
    network->then("out", models::linear(32, 10));
    network->to(torch::kDouble);
    network->train();
    EXPECT_EQ(models::set_recompute(*network, recompute), 2);
    const torch::NoGradGuard no_grad;
    Rng rng(1);
    for (auto& parameter : network->parameters()) {
        for (auto& value :
             std::span(parameter.data_ptr<double>(), static_cast<std::size_t>(parameter.numel())))
            value = parameter.dim() < 2 ? 0.5 : 0.2 * rng.normal();
    }
    return network;
}

struct StepSeen {
    std::string digest;
    std::int64_t micro_batch = 0;
};

TEST(RecomputedStep, EveryAllocationFailsOnceAndTheStepIsThatOfKeptActivations) {
    CappedAllocator::install();
    const SmallData data;
    const auto batch = first_samples(24);
    std::int64_t faults = 0;
    run_ranks(2, [&](int rank, Collective& group) {
        const auto step = [&](Recompute recompute, std::int64_t micro_batch, std::int64_t fault) {
            RankParts parts(
                layered_network(recompute),
                data.dataset(),
                *plan::make_plan(24, 4, 2, micro_batch),
                rank,
                group,
                Reduction::overlapped
            );
            CappedAllocator::fail_allocation(rank == 1 ? fault : -1);
            const auto outcome = parts.step(batch, 0.1);
            CappedAllocator::fail_allocation(-1);
            EXPECT_TRUE(outcome) << "allocation " << fault;
            return StepSeen{parts.weights_digest(), parts.stepper().plan().micro_batch};
        };
        const auto kept = step(Recompute::none, 4, -1);
        for (std::int64_t n = 0; n < 400; ++n) {
            const auto seen = step(Recompute::segments, 8, n);
            if (seen.micro_batch == 8) break;
            ASSERT_EQ(seen.digest, kept.digest) << "allocation " << n;
            if (rank == 1) faults = n + 1;
        }
    });
    EXPECT_GT(faults, 60) << "the sweep saw no repetition";
    EXPECT_LT(faults, 400);
}

}  // namespace
}  // namespace bw::trainer::test
