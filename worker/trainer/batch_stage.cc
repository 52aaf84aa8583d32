#include "worker/trainer/batch_stage.h"

namespace bw::trainer {

BatchStage::BatchStage(const Loader& loader, std::int64_t samples_max, torch::ScalarType dtype)
    : images_(torch::zeros(
          {samples_max, loader.dataset().channels, loader.height(), loader.width()}, dtype
      )),
      labels_(torch::zeros({samples_max}, torch::kLong)) {}

void BatchStage::reserve(std::int64_t samples_max) {
    if (samples_max == labels_.size(0)) return;
    auto sizes = images_.sizes().vec();
    sizes.front() = samples_max;
    const auto images = images_.options();
    const auto labels = labels_.options();
    images_ = torch::empty({0}, images);  // the old one goes before the new one comes
    labels_ = torch::empty({0}, labels);
    images_ = torch::zeros(sizes, images);
    labels_ = torch::zeros({samples_max}, labels);
}

StagedBatch BatchStage::load(
    Loader& loader, std::span<const std::uint32_t> samples, std::int64_t epoch
) {
    const auto count = static_cast<std::int64_t>(samples.size());
    auto* labels = labels_.data_ptr<std::int64_t>();
    if (images_.scalar_type() == torch::kDouble) {
        loader.fill(samples, epoch, images_.data_ptr<double>(), labels);
    } else {
        loader.fill(samples, epoch, images_.data_ptr<float>(), labels);
    }
    return {images_.narrow(0, 0, count), labels_.narrow(0, 0, count)};
}

}  // namespace bw::trainer
