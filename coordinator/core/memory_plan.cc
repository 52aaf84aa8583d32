#include "coordinator/core/memory_plan.h"

#include <algorithm>

#include "base/version.h"
#include "coordinator/core/job_plan.h"
#include "coordinator/core/params.h"
#include "sweeps/batch_norm.h"
#include "sweeps/datasets.h"
#include "sweeps/networks.h"

namespace bw::core {
namespace {

std::string text_of(std::string_view params_json, std::string_view name) {
    return find_text_param(params_json, name).value_or("");
}

std::string update_of(std::string_view params_json) {
    const auto number = [params_json](std::string_view name) {
        return find_number_param(params_json, name).value_or(0);
    };
    const std::string kind = find_text_param(params_json, "optimizer").value_or("adam");
    return plan::optimizer_text(
        {.kind = kind,
         .momentum = number("momentum"),
         .weight_decay = number("weight_decay"),
         .nesterov = find_param(params_json, "nesterov") == "true",
         .clip_norm = number("clip_norm"),
         .label_smoothing = number("label_smoothing"),
         .sam_rho = number("sam_rho"),
         .sam_adaptive = find_param(params_json, "sam_adaptive") == "true"}
    );
}

/// Samples of an epoch's last batch where it is smaller and kept; 0: none.
std::int64_t last_batch_of(std::string_view params_json, std::int64_t batch) {
    if (find_param(params_json, "drop_last") != "false") return 0;
    const auto* dataset = sweeps::find_dataset(text_of(params_json, "dataset"));
    std::int64_t samples = dataset == nullptr ? 0 : dataset->train_samples;
    const std::int64_t most = find_integer_param(params_json, "limit_train_samples").value_or(0);
    if (most > 0) samples = std::min(samples, most);
    return samples % batch;
}

}  // namespace

std::optional<plan::ProfileSubject> profile_subject(
    const sweeps::Sweep& sweep, std::string_view params_json, const SlotInfo& slot
) {
    if (sweep.external) return std::nullopt;  // whatever its parameters are called
    const std::string model = text_of(params_json, "model");
    const auto* dataset = sweeps::find_dataset(text_of(params_json, "dataset"));
    const auto network = sweeps::find_network(model);
    if (slot.kind != "cpu" || dataset == nullptr || !network) return std::nullopt;
    const std::int64_t resolution = find_integer_param(params_json, "image_resolution").value_or(0);
    const int side = resolution > 0 ? static_cast<int>(resolution) : dataset->resolution;
    return plan::ProfileSubject{
        .model = model,
        .classes = dataset->classes,
        .channels = dataset->channels,
        .height = side,
        .width = side,
        .precision = find_text_param(params_json, "precision").value_or("fp32"),
        .memory_format = find_text_param(params_json, "memory_format").value_or("contiguous"),
        .optimizer = update_of(params_json),
        .bn = network->has_batch_norm ? sweeps::name_of(sweep.options.bn) : "",
        .device = "cpu",
        .threads = slot.threads,
        .torch = std::string(torch_version()),
        .recompute = kept_activations(params_json) == KeptActivations::never};
}

KeptActivations kept_activations(std::string_view params_json) {
    const std::string recompute = text_of(params_json, "recompute");
    if (recompute == "always") return KeptActivations::never;
    if (recompute == "never") return KeptActivations::always;
    return KeptActivations::where_they_fit;
}

Result<plan::SearchInput> search_input(
    const sweeps::Sweep& sweep, std::string_view params_json, int world_size
) {
    const auto plan = plan_of(sweep, params_json, world_size);
    if (!plan) return plan.error();
    plan::SearchInput input{.global_batch = plan->global_batch, .group = plan->group};
    const bool is_pinned =
        sweeps::is_tied_to_world_size(sweep.options, text_of(params_json, "model"));
    input.micro_batch = is_pinned ? plan->micro_batch : sweep.options.micro_batch;
    input.last_batch = last_batch_of(params_json, plan->global_batch);
    input.world_sizes = {plan->world_size};
    return input;
}

std::int64_t limit_on(const sweeps::Sweep& sweep, const SlotInfo& slot) {
    const std::int64_t own = slot.memory_limit_bytes;
    const std::int64_t asked = sweep.options.memory_limit_bytes;
    return own > 0 && asked > 0 ? std::min(own, asked) : std::max(own, asked);
}

bool is_larger(std::int64_t limit, std::int64_t other) {
    return limit == 0 ? other != 0 : other != 0 && limit > other;
}

std::vector<std::size_t> sufficient(
    std::span<const std::int64_t> limits, std::int64_t needed_bytes
) {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < limits.size(); ++i) {
        if (limits[i] == 0 || limits[i] >= needed_bytes) found.push_back(i);
    }
    std::stable_sort(found.begin(), found.end(), [limits](std::size_t a, std::size_t b) {
        return is_larger(limits[b], limits[a]);
    });
    return found;
}

std::int64_t static_bytes(const plan::ProfileSubject& subject) {
    const auto network = sweeps::find_network(subject.model);
    const bool is_native = network && subject.classes == network->classes &&
                           subject.channels == network->channels &&
                           subject.height == network->resolution;
    if (!is_native) return 0;
    std::int64_t copies = 2;  // weights and gradients
    const std::string& optimizer = subject.optimizer;
    if (optimizer.starts_with("sgd+momentum") || optimizer.starts_with("rmsprop")) copies += 1;
    if (optimizer.starts_with("adam") || optimizer.starts_with("lamb")) copies += 2;
    const std::int64_t element = subject.precision == "fp64" ? 8 : 4;
    return network->parameters * element * copies;
}

}  // namespace bw::core
