// The overlapped form of the reduction: when it sets out, that it sums what the deferred form sums,
// and that the death of a peer in its midst ends it.
#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/linear.h>

#include "tests/worker/trainer/ranks_fixture.h"

namespace bw::trainer::test {
namespace {

constexpr std::int64_t kOverlapBatch = 24, kOverlapGroup = 4, kOverlapMicro = 8;

/// Counts what is launched; on demand its rank is gone after so many sums.
class WatchedCollective final : public Collective {
public:
    explicit WatchedCollective(Collective& inner) : inner_(inner) {}

    [[nodiscard]] int world_size() const override { return inner_.world_size(); }

    void launch_sum(torch::Tensor& flat) override {
        ++launched;
        inner_.launch_sum(flat);
    }

    Result<void> wait() override {
        launched = 0;
        return inner_.wait();
    }

    int launched = 0;  // of this step

private:
    Collective& inner_;
};

/// Two layers; notes how many sums had set out when backward was done with the last layer and
/// came to the first.
class TwoLayers final : public models::Network {
public:
    TwoLayers() {
        first_ = register_module("first", torch::nn::Linear(64, 32));
        last_ = register_module("last", torch::nn::Linear(32, 10));
    }

    torch::Tensor forward(torch::Tensor x) override {
        auto y = first_->forward(x.flatten(1)).tanh();
        y.register_hook([this](const torch::Tensor&) { seen.push_back(watched->launched); });
        return last_->forward(y);
    }

    WatchedCollective* watched = nullptr;
    std::vector<int> seen;  // of each micro-batch

private:
    torch::nn::Linear first_{nullptr}, last_{nullptr};
};

/// Of the micro-batches of `steps` steps.
std::vector<int> launched_in_backward(Reduction reduction, int steps) {
    const SmallData data;
    std::vector<int> seen;
    run_ranks(2, [&](int rank, Collective& group) {
        WatchedCollective watched(group);
        const auto network = std::make_shared<TwoLayers>();
        network->to(torch::kDouble);
        network->watched = &watched;
        RankParts parts(
            network,
            data.dataset(),
            *plan::make_plan(kOverlapBatch, 0, 2, kOverlapMicro),
            rank,
            watched,
            reduction
        );
        for (int i = 0; i < steps; ++i) EXPECT_TRUE(parts.step(first_samples(kOverlapBatch), 0.1));
        if (rank == 0) seen = network->seen;
    });
    return seen;
}

TEST(Overlap, SumsSetOutWhileTheLastBackwardStillRuns) {
    const std::vector<int> none = {0, 0}, last_layer = {0, 1};  // of its two micro-batches
    EXPECT_EQ(launched_in_backward(Reduction::deferred, 1), none);
    EXPECT_EQ(launched_in_backward(Reduction::overlapped, 1), last_layer);
}

TEST(Overlap, SetsInByItselfAfterThreeStepsUnderAPlan) {
    EXPECT_EQ(
        launched_in_backward(Reduction::automatic, 5),
        (std::vector<int>{0, 0, 0, 0, 0, 0, 0, 1, 0, 1})
    );
}

struct Trained {
    torch::Tensor gradients;
    std::string weights;
    double loss_sum = 0;
};

Trained train_five_steps(const SmallData& data, int rank, Collective& group, Reduction reduction) {
    RankParts parts(
        small_network(Norm::batch),
        data.dataset(),
        *plan::make_plan(kOverlapBatch, kOverlapGroup, group.world_size(), kOverlapMicro),
        rank,
        group,
        reduction
    );
    Trained trained;
    for (int i = 0; i < 5; ++i) {
        const auto outcome = parts.step(first_samples(kOverlapBatch), 0.1);
        EXPECT_TRUE(outcome);
        trained.loss_sum = outcome ? outcome->loss_sum : 0;
    }
    trained.gradients = parts.gradients();
    trained.weights = parts.weights_digest();
    return trained;
}

TEST(Overlap, IsBitForBitTheDeferredForm) {
    const SmallData data;
    for (const int world_size : {2, 3}) {
        run_ranks(world_size, [&](int rank, Collective& group) {
            const Trained deferred = train_five_steps(data, rank, group, Reduction::deferred);
            const Trained overlapped = train_five_steps(data, rank, group, Reduction::overlapped);
            EXPECT_TRUE(deferred.gradients.equal(overlapped.gradients));
            EXPECT_EQ(deferred.weights, overlapped.weights);
            EXPECT_EQ(deferred.loss_sum, overlapped.loss_sum);
            // The sequence of collectives is the same, so the forms can be mixed.
            const auto own = rank == 0 ? Reduction::overlapped : Reduction::deferred;
            EXPECT_EQ(train_five_steps(data, rank, group, own).weights, deferred.weights);
        });
    }
}

/// A rank that leaves after its first bucket, as one that is killed does.
class LeavingCollective final : public Collective {
public:
    explicit LeavingCollective(std::unique_ptr<Collective> inner) : inner_(std::move(inner)) {}

    [[nodiscard]] int world_size() const override { return 2; }

    void launch_sum(torch::Tensor& flat) override {
        if (inner_ != nullptr) inner_->launch_sum(flat);
        inner_.reset();
    }

    Result<void> wait() override { return fail(Errc::peer_gone, "this rank has left"); }

private:
    std::unique_ptr<Collective> inner_;
};

TEST(Overlap, ARankThatDiesInTheMidstOfTheSumsEndsItsPeersStep) {
    const SmallData data;
    for (const auto reduction : {Reduction::deferred, Reduction::overlapped}) {
        run_owned_ranks(2, [&](int rank, std::unique_ptr<Collective> group) {
            if (rank == 1) group = std::make_unique<LeavingCollective>(std::move(group));
            RankParts parts(
                small_network(Norm::batch),
                data.dataset(),
                *plan::make_plan(kOverlapBatch, kOverlapGroup, 2, kOverlapMicro),
                rank,
                *group,
                reduction
            );
            const auto outcome = parts.step(first_samples(kOverlapBatch), 0.1);
            ASSERT_FALSE(outcome);
            EXPECT_EQ(outcome.error().code, Errc::peer_gone);
        });
    }
}

}  // namespace
}  // namespace bw::trainer::test
