// Grouped BatchNorm against LibTorch's own, group by group.
#include "models/arch/batch_norm.h"

#include <numeric>
#include <vector>

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "models/arch/ghost_norm.h"

namespace bw::models {
namespace {

struct Case {
    const char* name;
    std::vector<std::int64_t> shape;  // [n, channels, ...]
    std::vector<std::int64_t> groups;
};

void PrintTo(const Case& item, std::ostream* out) { *out << item.name; }

struct Outcome {
    torch::Tensor y, dx, dweight, dbias;
};

torch::Tensor values(const std::vector<std::int64_t>& shape, torch::Dtype type) {
    return torch::randn(shape, type) * 3 + 1.5;
}

GroupLayout ghost(std::vector<std::int64_t> groups) {
    return {.mode = BatchNormMode::ghost, .group_sizes = std::move(groups)};
}

template <class Normalise>
Outcome run(
    const torch::Tensor& input, BatchNorm& layer, const torch::Tensor& slope, Normalise normalise
) {
    auto x = input.detach().clone().requires_grad_();
    layer->zero_grad();
    auto y = normalise(x);
    y.backward(slope);
    return {y.detach(), x.grad(), layer->weight.grad().clone(), layer->bias.grad().clone()};
}

Outcome by_groups(
    const torch::Tensor& x, BatchNorm& layer, const torch::Tensor& slope, const GroupLayout& layout
) {
    return run(x, layer, slope, [&](const torch::Tensor& input) {
        std::vector<torch::Tensor> parts;
        std::int64_t first = 0;
        for (const std::int64_t size : layout.group_sizes) {
            const auto part = input.narrow(0, first, size);
            parts.push_back(
                torch::batch_norm(part, layer->weight, layer->bias, {}, {}, true, 0.1, 1e-5, false)
            );
            first += size;
        }
        return torch::cat(parts);
    });
}

Outcome by_layer(
    const torch::Tensor& x, BatchNorm& layer, const torch::Tensor& slope, const GroupLayout& layout
) {
    layer->set_layout(&layout);
    return run(x, layer, slope, [&](const torch::Tensor& input) { return layer->forward(input); });
}

void expect_near(
    const torch::Tensor& ours, const torch::Tensor& theirs, double tolerance, const char* what
) {
    const double scale = std::max(1.0, theirs.abs().max().item<double>());
    EXPECT_LE((ours - theirs).abs().max().item<double>() / scale, tolerance) << what;
}

void expect_near(const Outcome& ours, const Outcome& theirs, double tolerance) {
    expect_near(ours.y, theirs.y, tolerance, "output");
    expect_near(ours.dx, theirs.dx, tolerance, "gradient of the input");
    expect_near(ours.dweight, theirs.dweight, tolerance, "gradient of the weight");
    expect_near(ours.dbias, theirs.dbias, tolerance, "gradient of the bias");
}

BatchNorm random_layer(std::int64_t channels, torch::Dtype type) {
    BatchNorm layer(channels);
    layer->to(type);
    const torch::NoGradGuard no_grad;
    layer->weight.uniform_(0.5, 1.5);
    layer->bias.normal_();
    return layer;
}

class GhostBatchNorm : public testing::TestWithParam<Case> {
protected:
    void expect_equal_to_torch(torch::Dtype type, double tolerance, torch::MemoryFormat format) {
        torch::manual_seed(7);
        const auto& item = GetParam();
        auto x = values(item.shape, type);
        if (x.dim() == 4) x = x.contiguous(format);
        const auto slope = torch::randn(item.shape, type);
        auto layer = random_layer(item.shape[1], type);
        const auto layout = ghost(item.groups);
        expect_near(
            by_layer(x, layer, slope, layout), by_groups(x, layer, slope, layout), tolerance
        );
    }
};

/// What runs on every device but the CPU, here on the CPU: LibTorch's operators.
TEST_P(GhostBatchNorm, OperatorsEqualTheKernels) {
    torch::manual_seed(8);
    const auto& item = GetParam();
    const auto x = values(item.shape, torch::kDouble);
    const auto slope = torch::randn(item.shape, torch::kDouble);
    const std::int64_t channels = item.shape[1];
    auto layer = random_layer(channels, torch::kDouble);
    const auto outcome = [&](GhostWay way, torch::Tensor& sums) {
        sums = torch::zeros({2 * channels + 1}, torch::kDouble);
        return run(x, layer, slope, [&](const torch::Tensor& input) {
            return ghost_norm(input, layer->weight, layer->bias, item.groups, 1e-5, sums, way);
        });
    };
    torch::Tensor sums, expected_sums;
    const auto by_operators = outcome(GhostWay::operators, sums);
    expect_near(by_operators, outcome(GhostWay::automatic, expected_sums), 1e-12);
    expect_near(sums, expected_sums, 1e-12, "collected sums");
}

class GhostBatchNormOfImages : public GhostBatchNorm {};

TEST_P(GhostBatchNorm, EqualsTorchGroupByGroupInDouble) {
    expect_equal_to_torch(torch::kDouble, 1e-12, torch::MemoryFormat::Contiguous);
}

TEST_P(GhostBatchNorm, EqualsTorchGroupByGroupInFloat) {
    expect_equal_to_torch(torch::kFloat, 2e-5, torch::MemoryFormat::Contiguous);
}

TEST_P(GhostBatchNormOfImages, EqualsTorchGroupByGroupInChannelsLast) {
    expect_equal_to_torch(torch::kDouble, 1e-12, torch::MemoryFormat::ChannelsLast);
    expect_equal_to_torch(torch::kFloat, 2e-5, torch::MemoryFormat::ChannelsLast);
}

const auto kImages = testing::Values(
    Case{"OneGroup", {6, 5, 7, 7}, {6}},
    Case{"UnequalGroups", {7, 3, 9, 5}, {4, 3}},
    Case{"ManyGroups", {32, 70, 4, 4}, {8, 8, 8, 8}},
    Case{"LongPlanes", {4, 2, 64, 65}, {2, 2}},
    Case{"OnePosition", {9, 4, 1, 1}, {5, 4}},
    Case{"OneSampleGroups", {3, 4, 6, 6}, {1, 1, 1}}
);
const auto kOthers =
    testing::Values(Case{"Vectors", {11, 130}, {6, 5}}, Case{"Sequences", {5, 6, 10}, {3, 2}});

std::string name_of(const testing::TestParamInfo<Case>& item) { return item.param.name; }

INSTANTIATE_TEST_SUITE_P(Images, GhostBatchNorm, kImages, name_of);
INSTANTIATE_TEST_SUITE_P(Others, GhostBatchNorm, kOthers, name_of);
INSTANTIATE_TEST_SUITE_P(Images, GhostBatchNormOfImages, kImages, name_of);

TEST(BatchNormGroups, ASingleValueGivesTheBiasAndNoGradient) {
    auto layer = random_layer(3, torch::kFloat);
    const auto layout = ghost({1, 1});
    const auto outcome =
        by_layer(values({2, 3}, torch::kFloat), layer, torch::ones({2, 3}), layout);
    EXPECT_TRUE(outcome.y.equal(layer->bias.detach().expand({2, 3})));
    EXPECT_EQ(outcome.dx.abs().max().item<float>(), 0.0F);
    EXPECT_EQ(outcome.dweight.abs().max().item<float>(), 0.0F);
}

TEST(BatchNormGroups, DifferencesOfTheLossAgreeWithTheGradient) {
    torch::manual_seed(3);
    auto layer = random_layer(2, torch::kDouble);
    const auto layout = ghost({3, 2});
    layer->set_layout(&layout);
    const auto slope = torch::randn({5, 2, 3, 3}, torch::kDouble);
    auto x = values({5, 2, 3, 3}, torch::kDouble);
    const auto gradient = by_layer(x, layer, slope, layout).dx.flatten();
    const torch::NoGradGuard no_grad;
    auto flat = x.flatten();
    constexpr double step = 1e-6;
    for (std::int64_t i = 0; i < flat.numel(); i += 7) {
        const double at = flat[i].item<double>();
        flat[i] = at + step;
        const double above = (layer->forward(x) * slope).sum().item<double>();
        flat[i] = at - step;
        const double below = (layer->forward(x) * slope).sum().item<double>();
        flat[i] = at;
        EXPECT_NEAR((above - below) / (2 * step), gradient[i].item<double>(), 1e-6);
    }
}

TEST(BatchNormGroups, ALargeMeanDoesNotSpoilTheVariance) {
    torch::manual_seed(5);
    const auto exact = torch::randn({32, 4, 28, 28}, torch::kDouble) + 3000.0;
    auto layer = random_layer(4, torch::kFloat);
    const auto layout = ghost({32});
    layer->set_layout(&layout);
    layer->forward(exact.to(torch::kFloat));
    const auto sums = layer->collected();
    const auto rounded = exact.to(torch::kFloat).to(torch::kDouble);
    const double n = 32.0 * 28 * 28;
    const auto mean = sums.narrow(0, 0, 4) / n;
    const auto variance = sums.narrow(0, 4, 4) / n - mean.square();
    expect_near(mean, rounded.mean(torch::IntArrayRef{0, 2, 3}), 1e-9, "mean");
    expect_near(variance, rounded.var(torch::IntArrayRef{0, 2, 3}, false), 1e-5, "variance");
}

TEST(BatchNormRunning, OneGroupUpdatesAsTorchDoes) {
    torch::manual_seed(1);
    auto ours = random_layer(4, torch::kDouble);
    torch::nn::BatchNorm2d theirs(4);
    theirs->to(torch::kDouble);
    const auto layout = ghost({8});
    ours->set_layout(&layout);
    for (int step = 0; step < 3; ++step) {
        const auto x = values({8, 4, 5, 5}, torch::kDouble);
        ours->forward(x);
        ours->commit_running_statistics();
        theirs->forward(x);
    }
    expect_near(ours->running_mean, theirs->running_mean, 1e-12, "running mean");
    expect_near(ours->running_var, theirs->running_var, 1e-12, "running variance");
    EXPECT_EQ(ours->num_batches_tracked.item<std::int64_t>(), 3);
}

TEST(BatchNormRunning, GroupsAndMicroBatchesGiveTheStatisticsOfTheWholeBatch) {
    torch::manual_seed(2);
    const auto x = values({10, 3, 4, 4}, torch::kFloat);
    auto whole = random_layer(3, torch::kFloat);
    auto cut = random_layer(3, torch::kFloat);
    const auto all = ghost({10});
    whole->set_layout(&all);
    whole->forward(x);
    const auto first = ghost({4, 3});
    const auto second = ghost({3});
    cut->set_layout(&first);
    cut->forward(x.narrow(0, 0, 7));
    cut->set_layout(&second);
    cut->forward(x.narrow(0, 7, 3));
    for (auto* layer : {&whole, &cut}) (*layer)->commit_running_statistics();
    expect_near(cut->running_mean, whole->running_mean, 1e-6, "running mean");
    expect_near(cut->running_var, whole->running_var, 1e-6, "running variance");
}

TEST(BatchNormRunning, WhatWasDiscardedIsForgotten) {
    auto layer = random_layer(3, torch::kFloat);
    const auto layout = ghost({4});
    layer->set_layout(&layout);
    layer->forward(values({4, 3, 2, 2}, torch::kFloat));
    layer->discard_collected();
    layer->commit_running_statistics();
    EXPECT_TRUE(layer->running_mean.equal(torch::zeros({3})));
    EXPECT_EQ(layer->num_batches_tracked.item<std::int64_t>(), 0);
}

TEST(BatchNormRunning, ADevicesCommitEqualsTheHosts) {
    torch::manual_seed(9);
    auto on_host = random_layer(3, torch::kFloat);
    auto on_device = random_layer(3, torch::kFloat);
    const auto layout = ghost({4, 3});
    for (int step = 0; step < 3; ++step) {
        const auto x = values({7, 3, 4, 4}, torch::kFloat);
        for (auto* layer : {&on_host, &on_device}) {
            (*layer)->set_layout(&layout);
            (*layer)->forward(x);
        }
        on_host->commit_running_statistics();
        on_device->commit_on_device();
        on_device->commit_on_device();  // nothing was collected since: nothing changes
    }
    expect_near(on_device->running_mean, on_host->running_mean, 1e-6, "running mean");
    expect_near(on_device->running_var, on_host->running_var, 1e-6, "running variance");
    EXPECT_EQ(on_device->num_batches_tracked.item<float>(), 3.0F);
    EXPECT_EQ(on_device->collected().abs().max().item<double>(), 0.0);
}

TEST(BatchNormRunning, ARepeatedForwardCollectsNothing) {
    auto layer = random_layer(3, torch::kFloat);
    for (const auto mode : {BatchNormMode::ghost, BatchNormMode::micro_batch}) {
        const GroupLayout layout{
            .mode = mode, .running_statistics = RunningStatistics::no, .group_sizes = {4}};
        layer->set_layout(&layout);
        layer->forward(values({4, 3, 2, 2}, torch::kFloat));
        EXPECT_EQ(layer->collected().abs().max().item<double>(), 0.0);
        EXPECT_TRUE(layer->running_mean.equal(torch::zeros({3})));
    }
}

TEST(BatchNormModes, FrozenAndEvaluationUseTheRunningStatistics) {
    auto layer = random_layer(3, torch::kFloat);
    {
        const torch::NoGradGuard no_grad;
        layer->running_mean.uniform_(-1, 1);
        layer->running_var.uniform_(0.5, 2);
    }
    const auto x = values({4, 3, 2, 2}, torch::kFloat);
    const auto expected = torch::batch_norm(
        x,
        layer->weight,
        layer->bias,
        layer->running_mean,
        layer->running_var,
        false,
        0.1,
        1e-5,
        false
    );
    const GroupLayout frozen{.mode = BatchNormMode::frozen, .group_sizes = {4}};
    layer->set_layout(&frozen);
    EXPECT_TRUE(layer->forward(x).equal(expected));
    layer->set_layout(nullptr);
    layer->eval();
    EXPECT_TRUE(layer->forward(x).equal(expected));
    EXPECT_EQ(layer->num_batches_tracked.item<std::int64_t>(), 0);
}

TEST(BatchNormModes, MicroBatchIsPlainBatchNorm) {
    torch::manual_seed(4);
    const auto x = values({6, 3, 4, 4}, torch::kFloat);
    torch::nn::BatchNorm2d theirs(3);
    BatchNorm ours(3);
    const GroupLayout layout{.mode = BatchNormMode::micro_batch, .group_sizes = {6}};
    ours->set_layout(&layout);
    EXPECT_TRUE(ours->forward(x).equal(theirs->forward(x)));
    EXPECT_TRUE(ours->running_var.equal(theirs->running_var));
    EXPECT_EQ(ours->num_batches_tracked.item<std::int64_t>(), 1);
}

TEST(BatchNormLayers, AreFoundInRegistrationOrderWithTorchNames) {
    BatchNorm layer(3);
    EXPECT_EQ(batch_norm_layers(*layer), std::vector<BatchNormImpl*>{layer.get()});
    EXPECT_EQ(layer->named_parameters().keys(), (std::vector<std::string>{"weight", "bias"}));
    EXPECT_EQ(
        layer->named_buffers().keys(),
        (std::vector<std::string>{"running_mean", "running_var", "num_batches_tracked"})
    );
}

}  // namespace
}  // namespace bw::models
