#include "worker/trainer/batch_stage.h"

namespace bw::trainer {

BatchStage::BatchStage(const Loader& loader, std::int64_t samples_max, torch::ScalarType dtype)
    : images_(torch::zeros(
          {samples_max, loader.dataset().channels, loader.height(), loader.width()}, dtype
      )),
      labels_(torch::zeros({samples_max}, torch::kLong)) {}

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
