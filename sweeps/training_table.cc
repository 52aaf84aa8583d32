#include <algorithm>
#include <array>
#include <vector>

#include "models/catalog/recipes.h"
#include "sweeps/datasets.h"
#include "sweeps/options.h"
#include "sweeps/training.h"

namespace bw::sweeps {
namespace {

constexpr double kCountMax = 1e12;
constexpr double kResolutionMax = 4096;
constexpr double kRateMax = 1e6;
constexpr double kFractionMax = 0.999999;
constexpr double kSeedMax = 9.007199254740992e15;

using Words = std::span<const std::string_view>;
constexpr std::array<std::string_view, 5> kOptimizers = {"adam", "adamw", "lamb", "rmsprop", "sgd"};
constexpr std::array<std::string_view, 10> kSchedules = {
    "constant",
    "cosine",
    "cosine_annealing",
    "cyclic",
    "exponential",
    "multi_step",
    "one_cycle",
    "plateau",
    "polynomial",
    "step"};
constexpr std::array<std::string_view, 2> kIntervals = {"step", "epoch"};
constexpr std::array<std::string_view, 3> kCycleModes = {"triangular", "triangular2", "exp_range"};
constexpr std::array<std::string_view, 2> kDecayScopes = {"all", "matrices"};
constexpr std::array<std::string_view, 2> kPrecisions = {"fp32", "fp64"};
constexpr std::array<std::string_view, 2> kMemoryFormats = {"contiguous", "channels_last"};
constexpr std::array<std::string_view, 3> kRecomputes = {"auto", "never", "always"};
constexpr std::array<std::string_view, 2> kAugmentations = {"none", "crop_flip"};

struct Range {
    double min = 0, max = 0;
};

// Null where the trainer decides when nothing is given: such a parameter is not part of a point
// that does not name it.
const Value kDecided{nullptr};

Value whole(std::int64_t number) { return Value{number}; }

TrainingParameter word(
    std::string_view name, Value fallback, Words choices, std::string_view help
) {
    return {
        .name = name,
        .type = ParameterType::text,
        .fallback = std::move(fallback),
        .choices = choices,
        .help = help};
}

TrainingParameter number(
    ParameterType type,
    std::string_view name,
    Value fallback,
    Range range,
    std::string_view help,
    std::string_view alias
) {
    return {
        .name = name,
        .alias = alias,
        .type = type,
        .fallback = std::move(fallback),
        .min = range.min,
        .max = range.max,
        .help = help};
}

TrainingParameter count(
    std::string_view name,
    Value fallback,
    Range range,
    std::string_view help,
    std::string_view alias = ""
) {
    return number(ParameterType::integer, name, std::move(fallback), range, help, alias);
}

TrainingParameter real(
    std::string_view name,
    Value fallback,
    Range range,
    std::string_view help,
    std::string_view alias = ""
) {
    return number(ParameterType::number, name, std::move(fallback), range, help, alias);
}

TrainingParameter flag(std::string_view name, Value fallback, std::string_view help) {
    return {
        .name = name,
        .type = ParameterType::boolean,
        .fallback = std::move(fallback),
        .help = help};
}

TrainingParameter counts(std::string_view name, Range range, std::string_view help) {
    return number(ParameterType::integers, name, kDecided, range, help, "");
}

Value text(const char* value) { return Value{std::string(value)}; }

// One row a parameter reads best as a table, which the formatter would tear apart.
// clang-format off
std::vector<TrainingParameter> what_is_trained() {
    return {
        word("model", kDecided, {}, "network; required"),
        word("recipe", kDecided, models::recipe_names(), "`paper` or `seed`: what the network's authors, or the seed's script, trained it with; given parameters win"),
        word("dataset", text("fashion_mnist"), dataset_names(), "data set"),
        count("num_epochs", whole(10), {1, 1e6}, "passes over the training samples", "epochs"),
        count("max_steps", whole(0), {0, kCountMax}, "end after so many optimizer steps; 0: no limit"),
        real("target_loss", kDecided, {0, 1e6}, "end with the step whose loss is at most this; 0: never"),
        word("weights", kDecided, {}, "safetensors file that the network begins with, as seen by the agents; without it, its own initial values"),
        flag("dropout", kDecided, "false: neither dropout nor stochastic depth, whatever the network has; true"),
        count("batch_size", whole(128), {1, static_cast<double>(kBatchMax)}, "global batch: samples of one optimizer step, over all ranks"),
        count("image_resolution", whole(0), {0, kResolutionMax}, "side of the images in pixels; 0: as in the data set"),
        count("seed", whole(0), {0, kSeedMax}, "of initial weights, order of samples and augmentation"),
        count("eval_interval", whole(1), {0, 1e6}, "epochs between evaluations; 0: never"),
        flag("save_best", kDecided, "keep the weights of the best test accuracy, as best.safetensors beside the checkpoints; false"),
        flag("drop_last", Value{true}, "drop the last batch of an epoch when it is not full"),
        count("limit_train_samples", whole(0), {0, kCountMax}, "use only the first so many training samples; 0: all"),
        count("limit_test_samples", whole(0), {0, kCountMax}, "use only the first so many test samples; 0: all"),
        word("precision", text("fp32"), kPrecisions, "of weights and arithmetic"),
        word("memory_format", kDecided, kMemoryFormats, "of images and convolutions: `channels_last` is often faster where BatchNorm follows them; contiguous"),
        word("augment", text("none"), kAugmentations, "random changes of the training images"),
        word("recompute", kDecided, kRecomputes, "activations are computed again in backward instead of kept: `auto`: where a job fits no slot else, `never`, `always`; auto"),
    };
}

std::vector<TrainingParameter> how_it_learns() {
    return {
        word("optimizer", text("adam"), kOptimizers, "update rule"),
        real("learning_rate", Value{0.001}, {0, kRateMax}, "step size of the optimizer; what a schedule starts from", "lr"),
        real("momentum", Value{0.0}, {0, kFractionMax}, "of sgd and rmsprop"),
        flag("nesterov", kDecided, "of sgd: look ahead along the momentum; false"),
        real("weight_decay", Value{0.0}, {0, 1e3}, "L2 penalty added to the gradient; adamw and lamb apply it to the weights"),
        word("weight_decay_scope", kDecided, kDecayScopes, "`matrices`: neither biases nor the scales of normalisations; all"),
        real("beta1", kDecided, {0, kFractionMax}, "of adam, adamw, lamb: decay of the gradient's mean; 0.9"),
        real("beta2", kDecided, {0, kFractionMax}, "of adam, adamw, lamb: decay of its square's mean; 0.999"),
        real("epsilon", kDecided, {1e-16, 10}, "of all but sgd: added to the root; 1e-8, of lamb 1e-6"),
        real("rms_decay", kDecided, {0, kFractionMax}, "of rmsprop: decay of the square's mean; 0.99"),
        real("sam_rho", kDecided, {0, 10}, "sharpness-aware minimisation within this radius, around any optimizer; 0: off"),
        flag("sam_adaptive", kDecided, "the radius in units of each weight (ASAM); false"),
        real("clip_norm", kDecided, {0, kRateMax}, "largest norm of a step's gradient; 0: not clipped"),
        real("label_smoothing", kDecided, {0, kFractionMax}, "share of the target spread over all classes; 0"),
    };
}

std::vector<TrainingParameter> how_the_rate_moves() {
    return {
        word("schedule", kDecided, kSchedules, "of the learning rate; constant"),
        word("schedule_interval", kDecided, kIntervals, "what a schedule counts; step"),
        count("warmup_steps", kDecided, {0, kCountMax}, "linear rise from 0 before the schedule begins; 0"),
        count("schedule_steps", kDecided, {0, kCountMax}, "length of cosine, cosine_annealing, polynomial, one_cycle, warm-up included; 0: the run's"),
        real("schedule_cycles", kDecided, {0, 1e6}, "of cosine; 0.5 ends at the lowest rate"),
        real("min_learning_rate", kDecided, {0, kRateMax}, "of cosine, cosine_annealing, plateau; 0"),
        real("max_learning_rate", kDecided, {0, kRateMax}, "of cyclic: the top of a cycle"),
        real("gamma", kDecided, {0, 1}, "factor of step, multi_step, exponential, plateau: 0.1; of cyclic's exp_range: 1"),
        real("power", kDecided, {0, 100}, "of polynomial; 1"),
        count("decay_steps", kDecided, {1, kCountMax}, "of step: between two multiplications by gamma; 1"),
        counts("milestones", {0, kCountMax}, "of multi_step: where to multiply by gamma"),
        word("cycle_mode", kDecided, kCycleModes, "of cyclic; triangular"),
        count("cycle_up", kDecided, {1, kCountMax}, "of cyclic: length of the rise; 1"),
        count("cycle_down", kDecided, {0, kCountMax}, "of cyclic: length of the fall; 0: as the rise"),
        count("patience", kDecided, {0, 1e6}, "of plateau: evaluations without improvement that are borne; 10"),
        count("cooldown", kDecided, {0, 1e6}, "of plateau: evaluations to wait after a cut; 0"),
        real("threshold", kDecided, {0, 1}, "of plateau: relative improvement that counts; 0.0001"),
    };
}

// clang-format on

std::vector<TrainingParameter> make_table() {
    std::vector<TrainingParameter> table;
    for (auto part : {what_is_trained(), how_it_learns(), how_the_rate_moves()})
        table.insert(table.end(), part.begin(), part.end());
    std::ranges::sort(table, {}, &TrainingParameter::name);
    return table;
}

}  // namespace

std::span<const TrainingParameter> training_parameters() {
    static const std::vector<TrainingParameter> kTable = make_table();
    return kTable;
}

}  // namespace bw::sweeps
