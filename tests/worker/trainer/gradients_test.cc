// The gradient of a step is a function of its samples alone: under every plan it is that of one
// rank with the whole batch at once.
#include <gtest/gtest.h>
#include <torch/nn/functional/loss.h>

#include "base/rng.h"
#include "tests/worker/trainer/ranks_fixture.h"

namespace bw::trainer::test {
namespace {

constexpr double kTolerance = 1e-12;  // in fp64, of the norm

struct Case {
    plan::Plan plan;
    std::int64_t batch = 0;  // of this step: an epoch's last may be smaller
};

std::string text_of(const Case& c) {
    std::string text = "B " + std::to_string(c.plan.global_batch) + ", group " +
                       std::to_string(c.plan.group) + ", w " + std::to_string(c.plan.world_size) +
                       ", m " + std::to_string(c.plan.micro_batch) + ", batch " +
                       std::to_string(c.batch);
    for (const auto& rank : c.plan.ranks)
        text += ", " + std::to_string(rank.units) + "/" + std::to_string(rank.micro_batch);
    return text;
}

/// Any: primes and ones, shares of unequal ranks, empty shares, ragged micro-batches.
Case random_case(Rng& rng, int world_size, Norm norm) {
    const auto below = [&rng](std::int64_t n) {
        return static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(n)));
    };
    for (;;) {
        Case c;
        const std::int64_t batch = 1 + below(96);
        const std::int64_t group = norm == Norm::batch ? 2 + below(12) : 0;
        const std::int64_t m = 1 + below(batch);
        auto plan = plan::make_plan(batch, std::min(group, batch), world_size, m);
        if (!plan) continue;
        c.plan = *plan;
        c.batch = below(3) == 0 ? 1 + below(batch) : batch;
        const auto groups = std::ssize(plan::group_sizes(batch, c.plan.group));
        const std::int64_t units = c.plan.group == 0 ? batch : groups;
        if (world_size > 1 && units > world_size && below(2) == 0) {
            std::int64_t left = units;
            for (int rank = 0; rank < world_size; ++rank) {
                const std::int64_t rest = world_size - rank - 1;
                const std::int64_t mine = rest == 0 ? left : 1 + below(left - rest);
                c.plan.ranks.push_back(
                    {.units = mine, .micro_batch = plan::largest_group(c.plan) + 1 + below(m)}
                );
                left -= mine;
            }
        }
        return c;
    }
}

torch::Tensor gradients_of(
    const SmallData& data, Norm norm, const Case& c, int rank, Collective& collective
) {
    RankParts parts(small_network(norm), data.dataset(), c.plan, rank, collective);
    const auto batch = first_samples(c.batch);
    const auto outcome = parts.step(batch, 0);
    EXPECT_TRUE(outcome) << text_of(c);
    EXPECT_EQ(outcome ? outcome->samples : 0, c.batch) << text_of(c);
    return parts.gradients();
}

class Gradients : public testing::TestWithParam<std::tuple<int, Norm>> {};

TEST_P(Gradients, OfEveryPlanAreThoseOfOneRankWithTheWholeBatch) {
    const auto [world_size, norm] = GetParam();
    constexpr int kCases = 60;
    const SmallData data;
    std::vector<double> worst(static_cast<std::size_t>(world_size), 0.0);
    run_ranks(world_size, [&, world = world_size, norm_of = norm](int rank, Collective& group) {
        Rng rng(7 + static_cast<std::uint64_t>(world));
        for (int i = 0; i < kCases; ++i) {
            const Case c = random_case(rng, world, norm_of);
            const auto seen = gradients_of(data, norm_of, c, rank, group);
            Case whole = c;
            whole.plan = *plan::make_plan(c.plan.global_batch, c.plan.group, 1, 0);
            const auto alone = make_solo_collective();
            const auto expected = gradients_of(data, norm_of, whole, 0, *alone);
            const double error = ((seen - expected).norm() / expected.norm()).item<double>();
            EXPECT_LE(error, kTolerance) << text_of(c);
            double& most = worst[static_cast<std::size_t>(rank)];
            most = std::max(most, error);
        }
    });
    std::printf("largest relative error %.2e\n", *std::max_element(worst.begin(), worst.end()));
}

std::string name_of(const testing::TestParamInfo<std::tuple<int, Norm>>& info) {
    const auto [world_size, norm] = info.param;
    return "W" + std::to_string(world_size) + (norm == Norm::batch ? "Groups" : "NoNorm");
}

INSTANTIATE_TEST_SUITE_P(
    Plans,
    Gradients,
    testing::Combine(testing::Values(1, 2, 3), testing::Values(Norm::none, Norm::batch)),
    name_of
);

struct NamedPlan {
    const char* why;
    std::int64_t batch, group, micro_batch;
    int world_size;
};

/// Of the network in single precision.
torch::Tensor single_gradients_of(
    const SmallData& data,
    const NamedPlan& given,
    int world_size,
    std::int64_t m,
    int rank,
    Collective& group
) {
    auto network = small_network(given.group > 0 ? Norm::batch : Norm::none);
    network->to(torch::kFloat);
    const auto plan = *plan::make_plan(given.batch, given.group, world_size, m);
    RankParts parts(network, data.dataset(), plan, rank, group);
    EXPECT_TRUE(parts.step(first_samples(given.batch), 0)) << given.why;
    return parts.gradients();
}

TEST(GradientsInSinglePrecision, OfEveryPlanAreThoseOfTheWholeBatchUpToRounding) {
    constexpr double kSingleTolerance = 2e-6;
    const SmallData data;
    double worst = 0;
    for (const NamedPlan& given : {
             NamedPlan{"a ragged tail", 96, 0, 7, 1},
             NamedPlan{"the same on two ranks", 96, 0, 7, 2},
             NamedPlan{"a prime batch on three ranks", 89, 0, 10, 3},
             NamedPlan{"groups", 96, 8, 16, 2},
             NamedPlan{"groups of unequal size", 89, 8, 18, 3},
         }) {
        run_ranks(given.world_size, [&](int rank, Collective& group) {
            const auto seen =
                single_gradients_of(data, given, given.world_size, given.micro_batch, rank, group);
            if (rank != 0) return;
            const auto alone = make_solo_collective();
            const auto whole = single_gradients_of(data, given, 1, 0, 0, *alone);
            const double error = ((seen - whole).norm() / whole.norm()).item<double>();
            EXPECT_LE(error, kSingleTolerance) << given.why;
            worst = std::max(worst, error);
        });
    }
    std::printf("largest relative error %.2e\n", worst);
}

struct PolicySeen {
    torch::Tensor gradients, running_mean, running_var;
};

PolicySeen policy_step(const SmallData& data, models::BatchNormMode mode, std::int64_t m) {
    const std::int64_t group = mode == models::BatchNormMode::ghost ? 8 : 0;
    const auto network = small_network(Norm::batch);
    const auto alone = make_solo_collective();
    RankParts parts(
        network,
        data.dataset(),
        *plan::make_plan(96, group, 1, m),
        0,
        *alone,
        Reduction::automatic,
        mode
    );
    EXPECT_TRUE(parts.step(first_samples(96), 0));
    const auto* layer = models::batch_norm_layers(*network)[0];
    return {parts.gradients(), layer->running_mean.clone(), layer->running_var.clone()};
}

double distance(const torch::Tensor& a, const torch::Tensor& b) {
    return ((a - b).norm() / b.norm()).item<double>();
}

/// What docs/memory.md says of the policies: of two micro-batch sizes the same, or not.
TEST(GradientsOfBatchNormPolicies, DependOnTheMicroBatchOnlyWhereItIsPinned) {
    using enum models::BatchNormMode;
    const SmallData data;
    for (const auto mode : {ghost, frozen, micro_batch}) {
        const PolicySeen whole = policy_step(data, mode, 96);
        for (const std::int64_t m : {48, 16, 8}) {
            const PolicySeen seen = policy_step(data, mode, m);
            const double gradient = distance(seen.gradients, whole.gradients);
            const double mean = (seen.running_mean - whole.running_mean).norm().item<double>() /
                                std::max(1e-12, whole.running_mean.norm().item<double>());
            const double variance = distance(seen.running_var, whole.running_var);
            std::printf(
                "policy %d, m %d: gradient %.1e, running mean %.1e, variance %.1e\n",
                static_cast<int>(mode),
                static_cast<int>(m),
                gradient,
                mean,
                variance
            );
            if (mode == micro_batch) {
                EXPECT_GT(gradient, 1e-4);
                EXPECT_GT(mean, 1e-2);
                continue;
            }
            EXPECT_LE(gradient, kTolerance);
            if (mode == ghost) {
                EXPECT_LE(std::max(mean, variance), kTolerance);
            }
        }
    }
}

/// The comparison above can fail: a mean of the micro-batches' means is another gradient.
TEST(GradientsControl, AMeanOfMeansIsAnotherGradient) {
    const SmallData data;
    const auto network = small_network(Norm::none);
    Loader loader(data.dataset(), {});
    const auto images = torch::empty({96, 1, 8, 8}, torch::kDouble);
    const auto labels = torch::empty({96}, torch::kLong);
    loader.fill(first_samples(96), 0, images.data_ptr<double>(), labels.data_ptr<std::int64_t>());
    const auto gradient = [&](std::int64_t micro_batch) {
        network->zero_grad();
        const std::int64_t count = (96 + micro_batch - 1) / micro_batch;
        for (std::int64_t i = 0; i < count; ++i) {
            const std::int64_t begin = i * micro_batch;
            const std::int64_t size = std::min(micro_batch, 96 - begin);
            const auto logits = network->forward(images.narrow(0, begin, size));
            const auto mean =
                torch::nn::functional::cross_entropy(logits, labels.narrow(0, begin, size));
            (mean / static_cast<double>(count)).backward();
        }
        std::vector<torch::Tensor> all;
        for (const auto& parameter : network->parameters())
            all.push_back(parameter.grad().flatten());
        return at::cat(all).clone();
    };
    const auto whole = gradient(96);
    EXPECT_GT(((gradient(7) - whole).norm() / whole.norm()).item<double>(), 1e-3);
    EXPECT_LT(((gradient(8) - whole).norm() / whole.norm()).item<double>(), kTolerance);
}

}  // namespace
}  // namespace bw::trainer::test
