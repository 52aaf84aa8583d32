#include "tests/worker/trainer/process/layouts_fixture.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace bw::trainer::test {
namespace {

double largest_deviation(const std::vector<double>& losses, const std::vector<double>& reference) {
    if (losses.size() != reference.size()) throw std::runtime_error("the curves differ in length");
    double worst = 0;
    for (std::size_t i = 0; i < losses.size(); ++i) {
        worst = std::max(worst, std::abs(losses[i] - reference[i]) / std::abs(reference[i]));
    }
    return worst;
}

}  // namespace

std::vector<EqualityCase> equality_cases(const std::string& precision, int steps) {
    // 25 samples on two ranks are 13 and 12; 24 in groups of at most 5 are 5, 5, 5, 5, 4, on two
    // ranks 15 and 9.
    EqualityCase mixer{.model = "mlpmixer", .batch = 25, .layouts = {{1, 25}, {1, 7}, {2, 5}}};
    mixer.learning_rate = 0.002;
    mixer.resolution = 16;
    EqualityCase ghost{
        .model = "cnn", .batch = 24, .group = 5, .layouts = {{1, 24}, {1, 5}, {2, 10}}};
    // Other kernels, so other roundings: fp32 would show their growth and nothing else.
    if (precision == "fp64") ghost.layouts.push_back({2, 10, "channels_last"});
    // Small steps: at 0.005 and more, rounding of 1e-7 grows within 50 steps to 1e-2 on
    // Fashion-MNIST under one and the same layout already (fp32 against fp64), so that a comparison
    // of layouts in fp32 would show nothing.
    ghost.learning_rate = 0.001;
    EqualityCase frozen{.model = "cnn", .batch = 25, .layouts = mixer.layouts};
    frozen.bn = "frozen";
    std::vector<EqualityCase> cases = {mixer, ghost, frozen};
    for (auto& equality : cases) {
        equality.precision = precision;
        equality.steps = steps;
    }
    return cases;
}

std::vector<LayoutResult> run_layouts(
    const EqualityCase& equality, const std::string& data_path, const std::filesystem::path& scratch
) {
    std::vector<LayoutResult> results;
    for (const auto& layout : equality.layouts) {
        GangOptions options;
        options.params = {
            {"model", equality.model},
            {"dataset", "fashion_mnist"},
            {"num_epochs", 1000},
            {"max_steps", equality.steps},
            {"learning_rate", equality.learning_rate},
            {"momentum", 0.9},
            {"optimizer", "sgd"},
            {"precision", equality.precision},
            {"memory_format", layout.memory_format},
            {"augment", "crop_flip"},
            {"image_resolution", equality.resolution},
            {"eval_interval", 0},
            {"batch_size", equality.batch}};
        options.global_batch = equality.batch;
        options.group = equality.group;
        options.bn = equality.bn;
        options.micro_batch = layout.micro_batch;
        options.world_size = layout.world_size;
        options.attempt_dir = scratch / (equality.model + "-" + equality.precision + "-" +
                                         equality.bn + "-" + std::to_string(results.size()));
        options.data_path = data_path;
        const auto ends = Gang(options).run();
        const auto* finished = ends.front().find<trainer_wire::Finished>();
        if (finished == nullptr) throw std::runtime_error(equality.model + " did not finish");
        LayoutResult result{.layout = layout, .losses = curve_losses(options.attempt_dir)};
        result.samples_min = finished->samples_per_step_min;
        result.samples_max = finished->samples_per_step_max;
        result.micro_batch = finished->micro_batch;
        result.accumulation = finished->accumulation;
        result.deviation =
            largest_deviation(result.losses, results.empty() ? result.losses : results[0].losses);
        results.push_back(std::move(result));
        std::filesystem::remove_all(options.attempt_dir);
    }
    return results;
}

}  // namespace bw::trainer::test
