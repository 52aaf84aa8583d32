#include "bench/memory/rank.h"

#include <chrono>
#include <future>
#include <mutex>
#include <numeric>

#include "base/rng.h"
#include "worker/trainer/data/cache.h"
#include "worker/trainer/memory/capped_allocator.h"
#include "worker/trainer/model_state.h"

namespace bw::bench {
namespace {

using namespace trainer;

Dataset made_up_images(const Setting& setting) {
    static const DatasetInfo info = [] {
        DatasetInfo made_up;
        made_up.name = "made-up";
        made_up.stddev = {1, 1, 1};
        return made_up;
    }();
    const auto count = static_cast<std::size_t>(setting.batch);
    DecodedImages decoded{
        .channels = 3,
        .height = setting.side,
        .width = setting.side,
        .images = std::vector<std::uint8_t>(count * 3 * setting.side * setting.side),
        .labels = std::vector<std::uint8_t>(count)};
    Rng rng(1);
    for (auto& value : decoded.images) value = static_cast<std::uint8_t>(rng.below(256));
    for (auto& label : decoded.labels) label = static_cast<std::uint8_t>(rng.below(10));
    return keep_decoded(std::move(decoded), info);
}

std::shared_ptr<models::Network> network_of(const Setting& setting) {
    static std::mutex generator;  // LibTorch's default one is the process's
    const std::lock_guard lock(generator);
    torch::manual_seed(1);
    auto network = models::build_network(setting.model, 10, {3, setting.side, setting.side});
    if (!network) throw std::runtime_error(network.error().message);
    (*network)->disable_dropout();
    (*network)->train();
    models::set_recompute(**network, setting.recompute);
    return *network;
}

GroupOptions end_of(int rank, int ranks) {
    return {.host = "127.0.0.1", .prefix = "bench", .rank = rank, .world_size = ranks};
}

std::vector<torch::Tensor> copies_of(const models::Network& network) {
    std::vector<torch::Tensor> copies;
    for (const auto& named : weights_of(network)) copies.push_back(named.tensor.detach().clone());
    return copies;
}

}  // namespace

void run_ranks(int ranks, const std::function<void(int rank, Collective& collective)>& rank) {
    if (ranks == 1) return rank(0, *make_solo_collective());
    auto store = RendezvousStore::open("127.0.0.1");
    const int port = store->port();
    std::vector<std::future<void>> others;
    for (int other = 1; other < ranks; ++other) {
        others.push_back(std::async(std::launch::async, [&rank, other, port, ranks] {
            auto joined = RendezvousStore::join("127.0.0.1", port);
            auto group = joined->connect(end_of(other, ranks));
            rank(other, **group);
        }));
    }
    {
        auto group = store->connect(end_of(0, ranks));
        rank(0, **group);
    }
    for (auto& other : others) other.get();
}

Rank::Rank(const Setting& setting, int rank, Collective& collective)
    : setting_(setting),
      rank_(rank),
      collective_(collective),
      network_(network_of(setting)),
      parameters_(*network_),
      optimizer_(make_sgd(parameters_, {.kind = OptimizerKind::sgd, .momentum = 0.9})),
      batch_norm_(*network_, models::BatchNormMode::ghost, rank),
      loader_(made_up_images(setting), {}),
      stage_(loader_, 1, torch::kFloat),
      first_(copies_of(*network_)) {}

void Rank::begin_again() {
    const torch::NoGradGuard no_grad;
    auto live = weights_of(*network_);
    for (std::size_t i = 0; i < live.size(); ++i) live[i].tensor.detach().copy_(first_[i]);
    for (const auto& state : optimizer_->state()) {
        for (auto bucket : state.buckets) bucket.zero_();
    }
    stage_.reserve(0);
}

Seen Rank::step(const Try& given) {
    begin_again();
    const bool has_groups = batch_norm_.has_layers();
    Stepper stepper(
        {*network_, parameters_, batch_norm_, *optimizer_, loader_, stage_, collective_},
        {.plan = *plan::make_plan(
             setting_.batch, has_groups ? setting_.group : 0, setting_.ranks, given.micro_batch
         ),
         .rank = rank_,
         .sharpness = {},
         .reduction = given.reduction}
    );
    std::vector<std::uint32_t> batch(static_cast<std::size_t>(setting_.batch));
    std::iota(batch.begin(), batch.end(), 0U);
    CappedAllocator::fail_allocation(given.fault);
    const auto began = std::chrono::steady_clock::now();
    const auto outcome = stepper.run(
        {.step = 0, .epoch = 0, .batch = batch, .stop = {}, .learning_rate = 0.01, .momentum = 0.9}
    );
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - began;
    CappedAllocator::fail_allocation(-1);
    return {
        .error = outcome ? "" : outcome.error().message,
        .micro_batch = stepper.plan().micro_batch,
        .loss_sum = outcome ? outcome->loss_sum : 0,
        .seconds = seconds.count()};
}

void Rank::keep() { kept_ = copies_of(*network_); }

bool Rank::is_as_kept() const {
    const auto live = weights_of(*network_);
    for (std::size_t i = 0; i < live.size(); ++i) {
        if (!live[i].tensor.equal(kept_[i])) return false;
    }
    return true;
}

std::string Rank::digest() const { return digest_of(weights_of(*network_)); }

}  // namespace bw::bench
