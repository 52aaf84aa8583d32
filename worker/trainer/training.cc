#include "worker/trainer/training.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "base/rng.h"
#include "base/sha256.h"
#include "base/text.h"
#include "models/arch/recompute.h"
#include "worker/trainer/initial_weights.h"
#include "worker/trainer/memory/capped_allocator.h"

namespace bw::trainer {
namespace {

constexpr std::uint64_t kInitStream = 0x696e6974;
// Without a memory limit: evaluation keeps no activations for backward, so a few more samples than
// in training fit for certain.
constexpr std::int64_t kEvaluationBatchMin = 16;

torch::ScalarType dtype_of(Precision precision) {
    switch (precision) {
        case Precision::fp32:
            return torch::kFloat;
        case Precision::fp64:
            return torch::kDouble;
    }
    return torch::kFloat;
}

torch::MemoryFormat format_of(MemoryFormat format) {
    switch (format) {
        case MemoryFormat::contiguous:
            return torch::MemoryFormat::Contiguous;
        case MemoryFormat::channels_last:
            return torch::MemoryFormat::ChannelsLast;
    }
    return torch::MemoryFormat::Contiguous;
}

/// Of the weights of convolutions; the rest has no channels to put last.
void set_memory_format(torch::nn::Module& network, torch::MemoryFormat format) {
    for (torch::Tensor& parameter : network.parameters()) {
        if (parameter.dim() == 4) parameter.set_data(parameter.contiguous(format));
    }
}

Result<models::BatchNormMode> batch_norm_mode(const std::string& name) {
    if (name == "ghost") return models::BatchNormMode::ghost;
    if (name == "micro_batch") return models::BatchNormMode::micro_batch;
    if (name == "frozen") return models::BatchNormMode::frozen;
    return fail(
        Errc::invalid_input,
        "unknown bn " + bw::quoted(name) + ": expected ghost, micro_batch or frozen"
    );
}

std::int64_t limited(std::int64_t count, std::int64_t limit) {
    return limit > 0 ? std::min(limit, count) : count;
}

Result<void> add_plan(Training& training) {
    const auto& wanted = training.start.plan;
    auto plan =
        plan::make_plan(wanted.global_batch, wanted.group, wanted.world_size, wanted.micro_batch);
    if (!plan) return plan.error();
    training.plan = *plan;
    if (training.start.rank < 0 || training.start.rank >= wanted.world_size) {
        return fail(
            Errc::invalid_input,
            "rank " + std::to_string(training.start.rank) + " is outside the world"
        );
    }
    return {};
}

/// "GPU-8f6d..." of "cuda:GPU-8f6d...".
std::string uuid_of(const std::string& device) { return device.substr(device.find(':') + 1); }

Result<void> add_device(Training& training, Accelerator* accelerator) {
    if (accelerator == nullptr) return {};
    training.accelerator = accelerator;
    auto device = accelerator->use(uuid_of(training.start.device));
    if (!device) return device.error();
    training.device = *device;
    return {};
}

Result<Loader> load_split(const Training& training, Split split) {
    const auto& params = training.params;
    auto dataset = load_dataset(
        {.name = params.dataset,
         .split = split,
         .search_path = training.start.data_path,
         .cache_dir = training.start.cache_dir}
    );
    if (!dataset) return dataset.error();
    return Loader(
        std::move(*dataset),
        {.resolution = static_cast<int>(params.image_resolution),
         .augment = split == Split::train ? params.augment : Augment::none,
         .seed = params.seed}
    );
}

Result<void> add_training_set(Training& training, Loader train) {
    const auto& params = training.params;
    auto sampler = Sampler::make(
        {.samples = limited(train.dataset().count, params.limit_train_samples),
         .batch = training.plan.global_batch,
         .seed = params.seed,
         .last = params.last_batch}
    );
    if (!sampler) return sampler.error();
    training.sampler.emplace(std::move(*sampler));
    training.data_fingerprint = train.dataset().fingerprint;
    training.train_loader.emplace(std::move(train));
    return {};
}

Result<void> add_data(Training& training) {
    const auto& params = training.params;
    auto train = load_split(training, Split::train);
    if (!train) return train.error();
    if (auto added = add_training_set(training, std::move(*train)); !added) return added;
    if (params.eval_interval == 0) return {};
    auto test = load_split(training, Split::test);
    if (!test) return test.error();
    training.test_samples = limited(test->dataset().count, params.limit_test_samples);
    training.data_fingerprint = sha256_hex(training.data_fingerprint + test->dataset().fingerprint);
    training.test_loader.emplace(std::move(*test));
    return {};
}

Result<void> add_network(Training& training) {
    const auto& params = training.params;
    const auto& loader = *training.train_loader;
    auto mode = batch_norm_mode(training.start.bn);
    if (!mode) return mode.error();
    torch::manual_seed(key_of(params.seed, kInitStream));
    auto network = models::build_network(
        params.model,
        loader.dataset().info->classes,
        {.channels = loader.dataset().channels, .height = loader.height(), .width = loader.width()}
    );
    if (!network) return network.error();
    training.network = *network;
    if (!params.weights.empty() && training.start.resume_from.empty()) {
        if (auto loaded = load_weights(params.weights, *training.network); !loaded) return loaded;
    }
    if (!params.dropout) training.network->disable_dropout();
    const auto dtype = dtype_of(params.precision);
    const auto format = format_of(params.memory_format);
    training.network->move_to(training.device, dtype);
    set_memory_format(*training.network, format);
    training.network->train();
    if (params.recompute == RecomputePolicy::always) recompute_activations(training);
    training.parameters = std::make_unique<FlatParameters>(*training.network);
    training.optimizer = make_optimizer(*training.parameters, params.optimizer);
    training.batch_norm =
        std::make_unique<BatchNormSums>(*training.network, *mode, training.start.rank);
    training.stage = std::make_unique<BatchStage>(loader, 1, dtype, training.device, format);
    return {};
}

/// For tests and measurements: BATCHWRIGHT_REDUCTION=deferred or overlapped.
Reduction wanted_reduction() {
    const char* given = std::getenv("BATCHWRIGHT_REDUCTION");
    const std::string_view text = given == nullptr ? "" : given;
    if (text == "deferred") return Reduction::deferred;
    if (text == "overlapped") return Reduction::overlapped;
    return Reduction::automatic;
}

Result<void> check_origin(const Training& training, const Metadata& found) {
    const Metadata expected = checkpoint_metadata(training);
    for (const char* name : {"params_hash", "data_fingerprint", "global_batch", "bn", "group"}) {
        const auto it = found.find(name);
        if (it == found.end() || it->second != expected.at(name)) {
            return fail(
                Errc::invalid_input,
                std::string("it belongs to another run: ") + name + " is " +
                    bw::quoted(it == found.end() ? "missing" : it->second) + ", expected " +
                    bw::quoted(expected.at(name))
            );
        }
    }
    return {};
}

Result<void> resume(Training& training) {
    const std::string& path = training.start.resume_from;
    const auto named = [&path](const Error& error) {
        return fail(
            error.code, "checkpoint " + bw::quoted(path) + " cannot be resumed: " + error.message
        );
    };
    auto file = read_checkpoint(path);
    if (!file) return file.error();
    if (auto same = check_origin(training, file->metadata); !same) return named(same.error());
    auto state = read_run_state(file->metadata);
    if (!state) return named(state.error());
    if (auto restored = restore(*file, checkpoint_tensors(training)); !restored)
        return named(restored.error());
    training.state = *state;
    return {};
}

Result<std::unique_ptr<Training>> begin_training(const trainer_wire::Start& start) {
    auto training = std::make_unique<Training>();
    training->start = start;
    auto params = parse_params(start.params_json);
    if (!params) return params.error();
    training->params = std::move(*params);
    if (auto done = add_plan(*training); !done) return done.error();
    return training;
}

}  // namespace

std::int64_t Training::total_steps() const {
    const std::int64_t all = params.num_epochs * sampler->steps_per_epoch();
    return params.max_steps > 0 ? std::min(all, params.max_steps) : all;
}

Rates Training::rates_of(std::int64_t step) const {
    ScheduleSpec spec = params.schedule;
    const bool by_epoch = spec.interval == ScheduleInterval::epoch;
    const std::int64_t steps_per_epoch = sampler->steps_per_epoch();
    if (spec.total_steps == 0) {
        const std::int64_t total = total_steps();
        spec.total_steps = by_epoch ? (total + steps_per_epoch - 1) / steps_per_epoch : total;
    }
    const Rates base{params.learning_rate, params.optimizer.momentum};
    return rates_at(spec, base, state.plateau, by_epoch ? step / steps_per_epoch : step);
}

Result<std::unique_ptr<Training>> build_training(
    const trainer_wire::Start& start, Accelerator* accelerator
) {
    auto training = begin_training(start);
    if (!training) return training;
    if (auto done = add_device(**training, accelerator); !done) return done.error();
    if (auto done = add_data(**training); !done) return done.error();
    if (auto done = add_network(**training); !done) return done.error();
    if (start.resume_from.empty()) return training;
    if (auto done = resume(**training); !done) return done.error();
    return training;
}

Result<std::unique_ptr<Training>> build_training_on(
    Dataset dataset, const trainer_wire::Start& start
) {
    auto training = begin_training(start);
    if (!training) return training;
    Loader loader(std::move(dataset), {});
    if (auto done = add_training_set(**training, std::move(loader)); !done) return done.error();
    if (auto done = add_network(**training); !done) return done.error();
    return training;
}

void connect_training(Training& training, std::unique_ptr<Collective> collective) {
    training.collective = std::move(collective);
    training.stepper = std::make_unique<Stepper>(
        StepParts{
            .network = *training.network,
            .parameters = *training.parameters,
            .batch_norm = *training.batch_norm,
            .optimizer = *training.optimizer,
            .loader = *training.train_loader,
            .stage = *training.stage,
            .collective = *training.collective,
            .accelerator = training.accelerator},
        StepOptions{
            .plan = training.plan,
            .rank = training.start.rank,
            .seed = training.params.seed,
            .stage_samples_min = training.start.memory_limit_bytes == 0 ? kEvaluationBatchMin : 1,
            .label_smoothing = training.params.label_smoothing,
            .clip_norm = training.params.clip_norm,
            .sharpness = training.params.sharpness,
            .reduction = wanted_reduction()}
    );
}

void recompute_activations(Training& training) {
    const HostMemoryScope host;  // the weights alone may be more than the limit by now
    training.recomputes = true;
    training.recomputed_segments =
        models::set_recompute(*training.network, models::Recompute::segments);
}

Metadata checkpoint_metadata(const Training& training) {
    Metadata metadata;
    write_run_state(training.state, metadata);
    const auto& plan = training.stepper ? training.stepper->plan() : training.plan;
    const std::int64_t steps_per_epoch = training.sampler->steps_per_epoch();
    metadata["format"] = "batchwright-checkpoint-1";
    metadata["epoch"] = std::to_string(training.state.step / steps_per_epoch);
    metadata["cursor"] = std::to_string(training.state.step % steps_per_epoch * plan.global_batch);
    metadata["params_hash"] = training.params.hash;
    metadata["data_fingerprint"] = training.data_fingerprint;
    metadata["bn"] = training.start.bn;
    metadata["global_batch"] = std::to_string(plan.global_batch);
    metadata["group"] = std::to_string(plan.group);
    metadata["world_size"] = std::to_string(plan.world_size);
    metadata["micro_batch"] = std::to_string(plan.micro_batch);
    metadata["accumulation"] = std::to_string(plan.accumulation);
    return metadata;
}

std::vector<NamedTensor> checkpoint_tensors(const Training& training) {
    auto tensors = weights_of(*training.network);
    for (auto& tensor : optimizer_state_of(*training.optimizer, *training.parameters)) {
        tensors.push_back(std::move(tensor));
    }
    return tensors;
}

}  // namespace bw::trainer
