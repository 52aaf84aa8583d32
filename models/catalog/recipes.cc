#include "models/catalog/recipes.h"

#include <array>

#include "models/catalog/catalog.h"

namespace bw::models {
namespace {

using std::operator""sv;
using Settings = std::span<const Setting>;

// One recipe a name reads best in as few lines as it takes.
// clang-format off
constexpr std::int64_t kThirtySixty[] = {30, 60};
constexpr std::int64_t kThirtySixtyNinety[] = {30, 60, 90};
constexpr std::int64_t kHalfAndThreeQuarters[] = {150, 225};
constexpr std::span<const std::int64_t> kImageNetSteps(kThirtySixty);
constexpr std::span<const std::int64_t> kSenetSteps(kThirtySixtyNinety);
constexpr std::span<const std::int64_t> kCifarSteps(kHalfAndThreeQuarters);

// ---- by the authors

constexpr Setting kAlexNet[] = {
    {"optimizer", "sgd"sv}, {"learning_rate", 0.01}, {"momentum", 0.9}, {"weight_decay", 5e-4},
    {"batch_size", 128.}, {"num_epochs", 90.}, {"schedule", "plateau"sv}};
constexpr Setting kVgg[] = {
    {"optimizer", "sgd"sv}, {"learning_rate", 0.01}, {"momentum", 0.9}, {"weight_decay", 5e-4},
    {"batch_size", 256.}, {"num_epochs", 74.}, {"schedule", "plateau"sv}};
constexpr Setting kNin[] = {
    {"optimizer", "sgd"sv}, {"learning_rate", 0.1}, {"momentum", 0.9}, {"weight_decay", 5e-4},
    {"batch_size", 128.}, {"schedule", "plateau"sv}};
constexpr Setting kResNet[] = {
    {"optimizer", "sgd"sv}, {"learning_rate", 0.1}, {"momentum", 0.9}, {"weight_decay", 1e-4},
    {"batch_size", 256.}, {"num_epochs", 90.}, {"schedule", "multi_step"sv},
    {"schedule_interval", "epoch"sv}, {"milestones", kImageNetSteps}};
constexpr Setting kDenseNetImageNet[] = {
    {"optimizer", "sgd"sv}, {"learning_rate", 0.1}, {"momentum", 0.9}, {"nesterov", true},
    {"weight_decay", 1e-4}, {"batch_size", 256.}, {"num_epochs", 90.},
    {"schedule", "multi_step"sv}, {"schedule_interval", "epoch"sv}, {"milestones", kImageNetSteps}};
constexpr Setting kDenseNetCifar[] = {
    {"optimizer", "sgd"sv}, {"learning_rate", 0.1}, {"momentum", 0.9}, {"nesterov", true},
    {"weight_decay", 1e-4}, {"batch_size", 64.}, {"num_epochs", 300.},
    {"schedule", "multi_step"sv}, {"schedule_interval", "epoch"sv}, {"milestones", kCifarSteps}};
constexpr Setting kMobileNetV1[] = {
    {"optimizer", "rmsprop"sv}, {"rms_decay", 0.9}, {"momentum", 0.9}, {"weight_decay", 4e-5},
    {"learning_rate", 0.045}, {"epsilon", 1.}, {"schedule", "cosine"sv}};
constexpr Setting kMobileNetV2[] = {
    {"optimizer", "rmsprop"sv}, {"rms_decay", 0.9}, {"momentum", 0.9}, {"weight_decay", 4e-5},
    {"learning_rate", 0.045}, {"epsilon", 1.}, {"batch_size", 96.},
    {"schedule", "exponential"sv}, {"schedule_interval", "epoch"sv}, {"gamma", 0.98}};
constexpr Setting kGoogLeNet[] = {
    {"optimizer", "sgd"sv}, {"learning_rate", 0.01}, {"momentum", 0.9}, {"schedule", "step"sv},
    {"schedule_interval", "epoch"sv}, {"decay_steps", 8.}, {"gamma", 0.96}};
constexpr Setting kInceptionV3[] = {
    {"optimizer", "rmsprop"sv}, {"rms_decay", 0.9}, {"epsilon", 1.}, {"learning_rate", 0.045},
    {"schedule", "step"sv}, {"schedule_interval", "epoch"sv}, {"decay_steps", 2.}, {"gamma", 0.94},
    {"clip_norm", 2.}, {"label_smoothing", 0.1}};
constexpr Setting kDarknet[] = {
    {"optimizer", "sgd"sv}, {"learning_rate", 0.1}, {"momentum", 0.9}, {"weight_decay", 5e-4},
    {"num_epochs", 160.}, {"schedule", "polynomial"sv}, {"power", 4.}};
constexpr Setting kXception[] = {
    {"optimizer", "sgd"sv}, {"learning_rate", 0.045}, {"momentum", 0.9}, {"weight_decay", 1e-5},
    {"schedule", "step"sv}, {"schedule_interval", "epoch"sv}, {"decay_steps", 2.}, {"gamma", 0.94}};
constexpr Setting kResNeXtCifar[] = {
    {"optimizer", "sgd"sv}, {"learning_rate", 0.1}, {"momentum", 0.9}, {"weight_decay", 5e-4},
    {"batch_size", 256.}, {"num_epochs", 300.}, {"schedule", "multi_step"sv},
    {"schedule_interval", "epoch"sv}, {"milestones", kCifarSteps}};
constexpr Setting kSenet[] = {
    {"optimizer", "sgd"sv}, {"learning_rate", 0.6}, {"momentum", 0.9}, {"batch_size", 1024.},
    {"num_epochs", 100.}, {"schedule", "multi_step"sv}, {"schedule_interval", "epoch"sv},
    {"milestones", kSenetSteps}};
constexpr Setting kSqueezeNet[] = {
    {"optimizer", "sgd"sv}, {"learning_rate", 0.04}, {"momentum", 0.9}, {"weight_decay", 2e-4},
    {"batch_size", 512.}, {"schedule", "polynomial"sv}};
constexpr Setting kShuffleNet[] = {
    {"optimizer", "sgd"sv}, {"learning_rate", 0.5}, {"momentum", 0.9}, {"weight_decay", 4e-5},
    {"batch_size", 1024.}, {"schedule", "polynomial"sv}};
constexpr Setting kEfficientNet[] = {
    {"optimizer", "rmsprop"sv}, {"rms_decay", 0.9}, {"momentum", 0.9}, {"weight_decay", 1e-5},
    {"learning_rate", 0.256}, {"epsilon", 1e-3}, {"batch_size", 4096.}, {"label_smoothing", 0.1},
    {"schedule", "step"sv}, {"schedule_interval", "epoch"sv}, {"decay_steps", 2.}, {"gamma", 0.97}};
constexpr Setting kVit[] = {
    {"optimizer", "adamw"sv}, {"learning_rate", 3e-3}, {"weight_decay", 0.3},
    {"batch_size", 4096.}, {"clip_norm", 1.}, {"schedule", "cosine"sv}, {"warmup_steps", 1e4}};
constexpr Setting kMixer[] = {
    {"optimizer", "adamw"sv}, {"learning_rate", 1e-3}, {"weight_decay", 0.1},
    {"batch_size", 4096.}, {"clip_norm", 1.}, {"schedule", "polynomial"sv}, {"warmup_steps", 1e4}};
constexpr Setting kResMlp[] = {
    {"optimizer", "lamb"sv}, {"learning_rate", 5e-3}, {"weight_decay", 0.2}, {"num_epochs", 400.},
    {"schedule", "cosine"sv}};
constexpr Setting kGmlp[] = {
    {"optimizer", "adamw"sv}, {"learning_rate", 1e-3}, {"weight_decay", 0.05},
    {"num_epochs", 300.}, {"schedule", "cosine"sv}};

// ---- by the script of the seed, which starts a cyclic schedule from the cycle's floor

constexpr Setting kSeedResNet[] = {
    {"optimizer", "sgd"sv}, {"momentum", 0.9}, {"weight_decay", 1e-4}, {"schedule", "cyclic"sv},
    {"learning_rate", 1e-6}, {"max_learning_rate", 0.1}, {"cycle_up", 50.},
    {"cycle_mode", "triangular2"sv}};
constexpr Setting kSeedAlexNet[] = {
    {"optimizer", "sgd"sv}, {"momentum", 0.9}, {"weight_decay", 5e-4}, {"schedule", "cyclic"sv},
    {"learning_rate", 1e-7}, {"max_learning_rate", 0.1}, {"cycle_up", 100.}};
constexpr Setting kSeedVgg[] = {
    {"optimizer", "sgd"sv}, {"momentum", 0.9}, {"weight_decay", 5e-4}, {"schedule", "cyclic"sv},
    {"learning_rate", 1e-7}, {"max_learning_rate", 0.1}, {"cycle_up", 50.}};
constexpr Setting kSeedVit[] = {
    {"optimizer", "sgd"sv}, {"momentum", 0.9}, {"weight_decay", 0.1}, {"schedule", "cosine"sv},
    {"warmup_steps", 500.}, {"schedule_steps", 1e4}};
constexpr Setting kSeedMixer[] = {
    {"optimizer", "adam"sv}, {"weight_decay", 0.}, {"schedule", "polynomial"sv},
    {"warmup_steps", 100.}, {"schedule_steps", 1e4}};
constexpr Setting kSeedResMlp[] = {
    {"optimizer", "lamb"sv}, {"learning_rate", 5e-3}, {"weight_decay", 0.2},
    {"schedule", "cosine"sv}, {"warmup_steps", 500.}, {"schedule_steps", 1e4}};
constexpr Setting kSeedSqueezeNet[] = {
    {"optimizer", "sgd"sv}, {"momentum", 0.9}, {"schedule", "cyclic"sv}, {"learning_rate", 1e-6},
    {"max_learning_rate", 0.1}, {"cycle_up", 200.}};
constexpr Setting kSeedSenet[] = {
    {"optimizer", "sgd"sv}, {"momentum", 0.9}, {"schedule", "cyclic"sv}, {"learning_rate", 1e-6},
    {"max_learning_rate", 0.1}, {"cycle_up", 100.}, {"cycle_mode", "exp_range"sv}};
// Its weight decay of 0.9 was meant as the rule's own decay.
constexpr Setting kSeedMobileNetV1[] = {
    {"optimizer", "rmsprop"sv}, {"learning_rate", 0.01}, {"rms_decay", 0.9}, {"momentum", 0.9},
    {"weight_decay", 4e-5}, {"schedule", "cosine_annealing"sv}, {"schedule_steps", 200.}};
constexpr Setting kSeedGmlp[] = {
    {"optimizer", "sgd"sv}, {"momentum", 0.9}, {"schedule", "cyclic"sv}, {"learning_rate", 1e-7},
    {"max_learning_rate", 0.1}, {"cycle_up", 100.}, {"cycle_mode", "exp_range"sv}};
constexpr Setting kSeedEfficientNetV2[] = {
    {"optimizer", "adam"sv}, {"learning_rate", 1e-3}, {"weight_decay", 1e-5},
    {"schedule", "polynomial"sv}, {"warmup_steps", 100.}, {"schedule_steps", 1e4}};

// clang-format on
struct Family {
    std::string_view prefix;  // of canonical names; the longest that fits counts
    Settings paper, seed;
};

constexpr Family kFamilies[] = {
    {"alexnet", kAlexNet, kSeedAlexNet},
    {"darknet", kDarknet, {}},
    {"densenet", kDenseNetImageNet, {}},
    {"densenet40", kDenseNetCifar, {}},
    {"densenet100", kDenseNetCifar, {}},
    {"efficientnet", kEfficientNet, {}},
    {"efficientnet_v2", kEfficientNet, kSeedEfficientNetV2},
    {"efficientnetv2", kEfficientNet, kSeedEfficientNetV2},
    {"gmlp", kGmlp, kSeedGmlp},
    {"googlenet", kGoogLeNet, {}},
    {"inceptionv3", kInceptionV3, {}},
    {"legacy_seresnet", kSenet, kSeedSenet},
    {"legacy_xception", kXception, {}},
    {"mixer", kMixer, kSeedMixer},
    {"mlpmixer", kMixer, kSeedMixer},
    {"mobilenetv1", kMobileNetV1, kSeedMobileNetV1},
    {"mobilenetv2", kMobileNetV2, {}},
    {"nin", kNin, {}},
    {"resmlp", kResMlp, kSeedResMlp},
    {"resnet", kResNet, kSeedResNet},
    {"resnext", kResNet, {}},
    {"resnext29", kResNeXtCifar, {}},
    {"resnext_seed", kResNeXtCifar, {}},
    {"senet", kSenet, kSeedSenet},
    {"seresnet", kSenet, kSeedSenet},
    {"shufflenet", kShuffleNet, {}},
    {"squeezenet", kSqueezeNet, kSeedSqueezeNet},
    {"vgg", kVgg, kSeedVgg},
    {"vit", kVit, kSeedVit},
    {"wide_resnet", kResNet, {}},
    {"xception", kXception, {}},
};

constexpr std::array kNames = {"none"sv, "paper"sv, "seed"sv};

}  // namespace

std::span<const std::string_view> recipe_names() { return kNames; }

Settings recipe(std::string_view model, std::string_view recipe_name) {
    const ModelInfo* info = find_model(model);
    if (info == nullptr) return {};
    const Family* best = nullptr;
    for (const Family& family : kFamilies) {
        const bool closer = best == nullptr || family.prefix.size() > best->prefix.size();
        if (info->name.starts_with(family.prefix) && closer) best = &family;
    }
    if (best == nullptr) return {};
    if (recipe_name == "paper") return best->paper;
    if (recipe_name == "seed") return best->seed;
    return {};
}

}  // namespace bw::models
