// The agreement of the ranks about a step that one of them cannot hold: two ranks as threads over
// Gloo.
#include "worker/trainer/stepper.h"

#include <future>
#include <memory>
#include <thread>

#include <c10/util/Exception.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/linear.h>

#include "models/arch/batch_norm.h"
#include "tests/worker/trainer/data/idx_fixture.h"
#include "worker/trainer/model_state.h"

namespace bw::trainer {
namespace {

enum class Fails { never, forward, backward, second_pass };

/// A device that holds a certain number of samples at most.
class SmallDeviceNetwork : public models::Network {
public:
    explicit SmallDeviceNetwork() {
        fc_ = register_module("fc", torch::nn::Linear(64, 10));
        norm_ = register_module("norm", models::BatchNorm(10));
    }

    torch::Tensor forward(torch::Tensor x) override {
        const bool is_large = x.size(0) > samples_max;
        if (is_large && fails == Fails::forward) throw_out_of_memory();
        if (is_large && fails == Fails::second_pass && ++large_forwards_ == 2)
            throw_out_of_memory();
        auto y = norm_->forward(fc_(x.flatten(1)));
        if (is_large && fails == Fails::backward) {
            y.register_hook([](const torch::Tensor&) { throw_out_of_memory(); });
        }
        return y;
    }

    Fails fails = Fails::never;
    std::int64_t samples_max = 4;

private:
    static void throw_out_of_memory() {
        TORCH_CHECK_WITH(OutOfMemoryError, false, "out of memory (injected)");
    }

    int large_forwards_ = 0;
    torch::nn::Linear fc_{nullptr};
    models::BatchNorm norm_{nullptr};
};

struct RankResult {
    std::string digest, error;
    std::int64_t micro_batch = 0, accumulation = 0, statistics_updates = 0;
    double loss_sum = 0;
    Errc code = Errc::success;
};

struct Case {
    std::int64_t micro_batch = 4;
    Fails fails = Fails::never;
    models::BatchNormMode mode = models::BatchNormMode::ghost;
    double rho = 0;
};

/// One rank: three steps of B = 32 in groups of 4.
RankResult train_rank(
    int rank, const Case& given, const Dataset& data, std::unique_ptr<Collective> collective
) {
    static std::mutex generator;  // LibTorch's default generator is one for both threads
    std::shared_ptr<SmallDeviceNetwork> network;
    {
        const std::lock_guard lock(generator);
        torch::manual_seed(1);
        network = std::make_shared<SmallDeviceNetwork>();
    }
    network->to(torch::kDouble);
    network->fails = rank == 1 ? given.fails : Fails::never;
    FlatParameters parameters(*network, 256);
    const auto rule = make_sgd(parameters, {.kind = OptimizerKind::sgd, .momentum = 0.9});
    BatchNormSums batch_norm(*network, given.mode, rank);
    Loader loader(data, {});
    BatchStage stage(loader, 16, torch::kDouble);
    Stepper stepper(
        {*network, parameters, batch_norm, *rule, loader, stage, *collective},
        {.plan = *plan::make_plan(
             32, given.mode == models::BatchNormMode::ghost ? 4 : 0, 2, given.micro_batch
         ),
         .rank = rank,
         .sharpness = {.rho = given.rho}}
    );
    auto sampler =
        Sampler::make({.samples = data.count, .batch = 32, .seed = 0, .last = LastBatch::drop});
    RankResult result;
    for (std::int64_t step = 0; step < 3; ++step) {
        const auto outcome = stepper.run(
            {.step = step,
             .epoch = 0,
             .batch = sampler->batch(step),
             .stop = {},
             .learning_rate = 0.1,
             .momentum = 0.9}
        );
        if (!outcome) {
            result.error = outcome.error().message;
            result.code = outcome.error().code;
            return result;
        }
        result.loss_sum = outcome->loss_sum;
        EXPECT_EQ(outcome->samples, 32);
    }
    result.digest = digest_of(weights_of(*network));
    result.statistics_updates =
        models::batch_norm_layers(*network)[0]->num_batches_tracked.item<std::int64_t>();
    result.micro_batch = stepper.plan().micro_batch;
    result.accumulation = stepper.plan().accumulation;
    return result;
}

std::pair<RankResult, RankResult> train_pair(const Case& given) {
    const test::TemporaryFolder folder;
    test::write_fashion_mnist(folder.path(), {.train = 96, .test = 10, .side = 8});
    const auto data = load_dataset(
        {.name = "fashion_mnist",
         .split = Split::train,
         .search_path = folder.path().string(),
         .cache_dir = {}}
    );
    auto store = RendezvousStore::open("127.0.0.1");
    const int port = store->port();
    auto other = std::async(std::launch::async, [&] {
        auto joined = RendezvousStore::join("127.0.0.1", port);
        auto group =
            joined->connect({.host = "127.0.0.1", .prefix = "test", .rank = 1, .world_size = 2});
        return train_rank(1, given, *data, std::move(*group));
    });
    auto group =
        store->connect({.host = "127.0.0.1", .prefix = "test", .rank = 0, .world_size = 2});
    auto first = train_rank(0, given, *data, std::move(*group));
    return {std::move(first), other.get()};
}

TEST(StepperAgreement, ARankWithoutMemoryMakesAllRetryWithASmallerMicroBatch) {
    const auto [clean, clean_other] = train_pair({});
    EXPECT_EQ(clean.digest, clean_other.digest);
    for (const Fails fails : {Fails::forward, Fails::backward}) {
        const auto [first, second] = train_pair({.micro_batch = 16, .fails = fails});
        EXPECT_EQ(first.error + second.error, "");
        EXPECT_EQ(first.micro_batch, 4);
        EXPECT_EQ(second.micro_batch, 4);
        EXPECT_EQ(first.accumulation, 4);
        EXPECT_EQ(first.digest, clean.digest)
            << "the retried step equals one that was planned so, bit for bit";
        EXPECT_EQ(second.digest, clean.digest);
        EXPECT_EQ(first.loss_sum, clean.loss_sum);
    }
}

TEST(StepperAgreement, APinnedMicroBatchThatDoesNotFitEndsAllRanks) {
    const auto [first, second] = train_pair(
        {.micro_batch = 16, .fails = Fails::forward, .mode = models::BatchNormMode::micro_batch}
    );
    EXPECT_EQ(first.code, Errc::out_of_memory);
    EXPECT_EQ(second.code, Errc::out_of_memory);
    EXPECT_NE(first.error.find("bn: micro_batch pins its size"), std::string::npos) << first.error;
}

TEST(StepperSharpness, ASecondPassThatDoesNotFitIsRepeatedFromTheFirst) {
    const auto [plain, plain_other] = train_pair({.micro_batch = 8});
    const auto [clean, clean_other] = train_pair({.micro_batch = 8, .rho = 0.5});
    EXPECT_EQ(clean.error, "");
    EXPECT_NE(clean.digest, plain.digest);
    EXPECT_EQ(clean.digest, clean_other.digest);
    EXPECT_EQ(clean.statistics_updates, 3) << "the second pass sees the same samples";
    const auto [first, second] =
        train_pair({.micro_batch = 16, .fails = Fails::second_pass, .rho = 0.5});
    EXPECT_EQ(first.error + second.error, "");
    EXPECT_EQ(second.micro_batch, 8);
    EXPECT_EQ(first.digest, clean.digest);
    EXPECT_EQ(second.digest, clean.digest);
}

}  // namespace
}  // namespace bw::trainer
