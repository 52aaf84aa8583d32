#include "sweeps/training_rules.h"

#include <algorithm>

#include "models/catalog/catalog.h"
#include "sweeps/batch_norm.h"
#include "sweeps/datasets.h"

namespace bw::sweeps {
namespace {

template <class T>
T value_or(const Map& params, std::string_view name, T otherwise) {
    const Value* value = find_value(params, name);
    const T* held = value == nullptr ? nullptr : std::get_if<T>(&value->data);
    return held == nullptr ? otherwise : *held;
}

std::string group_text(std::int64_t smaller, std::int64_t larger) {
    return std::to_string(smaller) + (larger > smaller ? " or " + std::to_string(larger) : "");
}

// Groups differ by at most one sample, so k of them hold from k * smaller to k * larger.
bool is_whole_groups(std::int64_t samples, std::int64_t smaller, std::int64_t larger) {
    const std::int64_t most = samples / smaller;
    return most > 0 && most * larger >= samples;
}

std::optional<GroupProblem> micro_batch_problem(
    std::int64_t micro_batch, std::int64_t batch, std::int64_t groups
) {
    const std::int64_t smaller = batch / groups;
    const std::int64_t larger = smaller + (batch % groups > 0 ? 1 : 0);
    if (micro_batch == 0 || micro_batch >= batch || is_whole_groups(micro_batch, smaller, larger))
        return std::nullopt;
    const std::int64_t below = micro_batch / smaller * larger;
    const std::int64_t above = std::min(batch, (micro_batch / smaller + 1) * smaller);
    const std::string nearest = below > 0 ? std::to_string(below) + " or " + std::to_string(above)
                                          : std::to_string(std::min(batch, larger));
    return GroupProblem{
        "micro_batch",
        std::to_string(micro_batch) + " is no whole number of BatchNorm groups (a batch of " +
            std::to_string(batch) + " is cut into " + std::to_string(groups) + " groups of " +
            group_text(smaller, larger) + "); nearest: " + nearest};
}

std::optional<CombinationProblem> optimizer_problem(const Map& params) {
    const auto rule = value_or(params, "optimizer", std::string());
    const bool has_momentum = rule == "sgd" && value_or(params, "momentum", 0.0) > 0;
    if (value_or(params, "nesterov", false) && !has_momentum)
        return CombinationProblem{
            "nesterov", "nesterov needs optimizer: sgd with a momentum above 0"};
    return std::nullopt;
}

std::optional<CombinationProblem> schedule_problem(const Map& params) {
    const auto kind = value_or(params, "schedule", std::string());
    if (kind == "multi_step" && value_or(params, "milestones", List()).empty()) {
        return CombinationProblem{
            "schedule", "schedule multi_step needs milestones: where to multiply by gamma"};
    }
    if (kind == "cyclic" &&
        value_or(params, "max_learning_rate", 0.0) <= value_or(params, "learning_rate", 0.0)) {
        return CombinationProblem{
            "schedule",
            "schedule cyclic needs max_learning_rate above learning_rate: it moves between them"};
    }
    const auto warmup = value_or(params, "warmup_steps", std::int64_t{0});
    const auto length = value_or(params, "schedule_steps", std::int64_t{0});
    if (length > 0 && warmup >= length) {
        return CombinationProblem{
            "warmup_steps",
            "warmup_steps " + std::to_string(warmup) + " leaves nothing of schedule_steps " +
                std::to_string(length)};
    }
    return std::nullopt;
}

}  // namespace

std::optional<CombinationProblem> learning_problem(const Map& complete) {
    if (auto problem = optimizer_problem(complete)) return problem;
    return schedule_problem(complete);
}

std::optional<CombinationProblem> data_problem(const Map& complete) {
    const auto* model = models::find_model(value_or(complete, "model", std::string()));
    const auto* dataset = find_dataset(value_or(complete, "dataset", std::string()));
    if (model == nullptr) return CombinationProblem{"model", "model: unknown"};
    if (dataset == nullptr) return CombinationProblem{"dataset", "dataset: unknown"};
    const auto given = value_or(complete, "image_resolution", std::int64_t{0});
    const int resolution = given == 0 ? dataset->resolution : static_cast<int>(given);
    if (auto problem = models::input_problem(*model, dataset->channels, resolution)) {
        const bool by_channels =
            models::input_problem(*model, dataset->channels, model->resolution).has_value();
        if (by_channels) {
            const std::string has = std::to_string(dataset->channels);
            return CombinationProblem{
                "model", *problem + " (" + std::string(dataset->name) + " has " + has + ")"};
        }
        if (given != 0) return CombinationProblem{"image_resolution", *problem};
        return CombinationProblem{
            "model",
            *problem + " (" + std::string(dataset->name) + " has " + std::to_string(resolution) +
                ")" + (model->fixed_resolution ? "" : "; set image_resolution")};
    }
    const auto limit = value_or(complete, "limit_train_samples", std::int64_t{0});
    const std::int64_t samples =
        limit == 0 ? dataset->train_samples : std::min(limit, dataset->train_samples);
    const auto batch = value_or(complete, "batch_size", std::int64_t{1});
    if (value_or(complete, "drop_last", true) && batch > samples) {
        return CombinationProblem{
            "batch_size",
            "batch_size " + std::to_string(batch) + " is more than the " + std::to_string(samples) +
                " training samples, and drop_last drops the only batch; lower batch_size or set "
                "drop_last: false"};
    }
    return std::nullopt;
}

std::optional<CombinationProblem> combination_problem(const Map& complete) {
    if (auto problem = data_problem(complete)) return problem;
    return learning_problem(complete);
}

std::optional<GroupProblem> group_problem(
    const Options& options, std::string_view model, std::int64_t batch
) {
    if (models::find_model(model) == nullptr || batch < 1) return std::nullopt;
    const std::int64_t group = batch_norm_group(options, model, batch);
    const bool grouped = group > 0;
    const std::int64_t groups = grouped ? (batch + group - 1) / group : batch;
    if (options.world_size > groups) {
        const std::string unit = grouped ? " BatchNorm groups" : " samples";
        return GroupProblem{
            "world_size",
            std::to_string(options.world_size) + " ranks cannot share a batch of " +
                std::to_string(batch) + ": it has " + std::to_string(groups) + unit +
                ", and each rank needs one; at most " + std::to_string(groups)};
    }
    return grouped ? micro_batch_problem(options.micro_batch, batch, groups) : std::nullopt;
}

}  // namespace bw::sweeps
