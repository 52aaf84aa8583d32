#include "tests/worker/trainer/ranks_fixture.h"

#include <future>
#include <mutex>
#include <numeric>

#include <ATen/Parallel.h>
#include <ATen/ops/cat.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include "base/rng.h"
#include "worker/trainer/model_state.h"

namespace bw::trainer::test {
namespace {

class SmallNetwork : public models::Network {
public:
    explicit SmallNetwork(Norm norm) {
        conv_ = register_module(
            "conv", torch::nn::Conv2d(torch::nn::Conv2dOptions(1, 4, 3).padding(1))
        );
        if (norm == Norm::batch) norm_ = register_module("norm", models::BatchNorm(4));
        hidden_ = register_module("hidden", torch::nn::Linear(256, 16));
        out_ = register_module("out", torch::nn::Linear(16, 10));
    }

    torch::Tensor forward(torch::Tensor x) override {
        auto y = conv_->forward(x);
        if (norm_) y = norm_->forward(y);
        return out_->forward(hidden_->forward(y.relu().flatten(1)).relu());
    }

private:
    torch::nn::Conv2d conv_{nullptr};
    models::BatchNorm norm_{nullptr};
    torch::nn::Linear hidden_{nullptr}, out_{nullptr};
};

GroupOptions end_of(int rank, int world_size) {
    return {.host = "127.0.0.1", .prefix = "test", .rank = rank, .world_size = world_size};
}

}  // namespace

void run_ranks(int world_size, const std::function<void(int rank, Collective& collective)>& rank) {
    run_owned_ranks(world_size, [&rank](int number, std::unique_ptr<Collective> group) {
        rank(number, *group);
    });
}

void run_owned_ranks(
    int world_size, const std::function<void(int rank, std::unique_ptr<Collective> group)>& rank
) {
    if (world_size == 1) return rank(0, make_solo_collective());
    auto store = RendezvousStore::open("127.0.0.1");
    const int port = store->port();
    std::vector<std::future<void>> others;
    for (int other = 1; other < world_size; ++other) {
        others.push_back(std::async(std::launch::async, [&rank, other, port, world_size] {
            auto joined = RendezvousStore::join("127.0.0.1", port);
            auto group = joined->connect(end_of(other, world_size));
            rank(other, std::move(*group));
        }));
    }
    {
        auto group = store->connect(end_of(0, world_size));
        rank(0, std::move(*group));
    }
    for (auto& other : others) other.get();
}

SmallData::SmallData() {
    at::set_num_threads(1);  // the ranks share the cores
    write_fashion_mnist(folder_.path(), {.train = 96, .test = 10, .side = 8});
    dataset_ = *load_dataset(
        {.name = "fashion_mnist",
         .split = Split::train,
         .search_path = folder_.path().string(),
         .cache_dir = {}}
    );
}

RankParts::RankParts(
    std::shared_ptr<models::Network> network,
    const Dataset& data,
    const plan::Plan& plan,
    int rank,
    Collective& collective,
    Reduction reduction,
    std::optional<models::BatchNormMode> mode
)
    : network_(std::move(network)),
      parameters_(*network_, 256),
      optimizer_(make_sgd(parameters_, {.kind = OptimizerKind::sgd, .momentum = 0.9})),
      batch_norm_(
          *network_,
          mode.value_or(
              plan.group > 0 ? models::BatchNormMode::ghost : models::BatchNormMode::frozen
          ),
          rank
      ),
      loader_(data, {}),
      stage_(loader_, 1, network_->parameters().front().scalar_type()),
      stepper_(
          {*network_, parameters_, batch_norm_, *optimizer_, loader_, stage_, collective},
          {.plan = plan, .rank = rank, .sharpness = {}, .reduction = reduction}
      ) {}

Result<StepOutcome> RankParts::step(std::span<const std::uint32_t> batch, double learning_rate) {
    return stepper_.run(
        {.step = steps_++, .epoch = 0, .batch = batch, .stop = {}, .learning_rate = learning_rate}
    );
}

std::string RankParts::weights_digest() const { return digest_of(weights_of(*network_)); }

torch::Tensor RankParts::gradients() const {
    std::vector<torch::Tensor> all;
    for (const auto& parameter : network_->parameters()) all.push_back(parameter.grad().flatten());
    return at::cat(all);
}

/// Without LibTorch's default generator, which is one for all threads and which steps seed.
std::shared_ptr<models::Network> small_network(Norm norm) {
    static std::mutex construction;  // LibTorch initialises what is overwritten here
    std::shared_ptr<SmallNetwork> network;
    {
        const std::lock_guard lock(construction);
        network = std::make_shared<SmallNetwork>(norm);
    }
    network->to(torch::kDouble);
    network->train();
    const torch::NoGradGuard no_grad;
    Rng rng(1);
    for (auto& parameter : network->parameters()) {
        if (parameter.dim() < 2) continue;  // biases, and BatchNorm's scales
        for (auto& value :
             std::span(parameter.data_ptr<double>(), static_cast<std::size_t>(parameter.numel())))
            value = 0.2 * rng.normal();
    }
    for (auto& parameter : network->parameters()) {
        if (parameter.dim() < 2) parameter.fill_(0.5);
    }
    return network;
}

std::vector<std::uint32_t> first_samples(std::int64_t count) {
    std::vector<std::uint32_t> samples(static_cast<std::size_t>(count));
    std::iota(samples.begin(), samples.end(), 0U);
    return samples;
}

}  // namespace bw::trainer::test
