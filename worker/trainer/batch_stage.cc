#include "worker/trainer/batch_stage.h"

#include <c10/core/impl/VirtualGuardImpl.h>

namespace bw::trainer {
namespace {

constexpr auto kPlanes = torch::MemoryFormat::Contiguous;

}  // namespace

BatchStage::BatchStage(
    const Loader& loader,
    std::int64_t samples_max,
    torch::ScalarType dtype,
    torch::Device device,
    torch::MemoryFormat format
)
    : device_(device), format_(format) {
    const std::vector<std::int64_t> sizes{
        samples_max, loader.dataset().channels, loader.height(), loader.width()};
    const auto host = torch::TensorOptions().pinned_memory(!device.is_cpu());
    for (auto& buffer : host_) {
        buffer.images = torch::zeros(sizes, host.dtype(dtype));
        buffer.labels = torch::zeros({samples_max}, host.dtype(torch::kLong));
        if (device.is_cpu()) break;
        buffer.copied.emplace(device.type());
    }
    const auto on_device = torch::TensorOptions(device);
    if (!device.is_cpu() || format != kPlanes)
        device_images_ = torch::empty(sizes, on_device.dtype(dtype).memory_format(format)).zero_();
    if (device.is_cpu()) return;
    device_labels_ = torch::zeros({samples_max}, on_device.dtype(torch::kLong));
}

/// What is there goes before what replaces it comes.
void BatchStage::reserve(std::int64_t samples_max) {
    const auto has_room = [samples_max](const torch::Tensor& tensor) {
        return !tensor.defined() || tensor.size(0) == samples_max;
    };
    const bool is_whole =
        has_room(host_.front().images) && has_room(device_images_) && has_room(device_labels_);
    if (samples_max == this->samples_max() && is_whole) return;  // memory may have run out half-way
    const auto resize = [samples_max](torch::Tensor& tensor, torch::MemoryFormat format) {
        if (!tensor.defined()) return;
        auto sizes = tensor.sizes().vec();
        const auto options = tensor.options().pinned_memory(tensor.is_pinned());
        sizes.front() = 0;
        tensor = torch::empty(sizes, options);  // of the same shape should what follows not fit
        sizes.front() = samples_max;
        tensor = torch::empty(sizes, options.memory_format(format)).zero_();
    };
    for (auto& buffer : host_) {
        if (buffer.copied) buffer.copied->synchronize();
        resize(buffer.images, kPlanes);
        resize(buffer.labels, kPlanes);
    }
    resize(device_images_, format_);
    resize(device_labels_, kPlanes);
}

StagedBatch BatchStage::load(
    Loader& loader, std::span<const std::uint32_t> samples, std::int64_t epoch
) {
    auto& buffer = host_[next_];
    if (buffer.copied) buffer.copied->synchronize();
    const auto count = static_cast<std::int64_t>(samples.size());
    auto* labels = buffer.labels.data_ptr<std::int64_t>();
    if (buffer.images.scalar_type() == torch::kDouble) {
        loader.fill(samples, epoch, buffer.images.data_ptr<double>(), labels);
    } else {
        loader.fill(samples, epoch, buffer.images.data_ptr<float>(), labels);
    }
    if (device_.is_cpu()) {
        StagedBatch batch{buffer.images.narrow(0, 0, count), buffer.labels.narrow(0, 0, count)};
        if (device_images_.defined())
            batch.images = device_images_.narrow(0, 0, count).copy_(batch.images);
        return batch;
    }
    next_ = 1 - next_;
    return copy_to_device(buffer, count);
}

/// On the stream of the computation, so what reads the batch before stands before the copy, and
/// what reads this one behind it.
StagedBatch BatchStage::copy_to_device(HostBuffer& from, std::int64_t count) {
    StagedBatch batch{device_images_.narrow(0, 0, count), device_labels_.narrow(0, 0, count)};
    batch.images.copy_(from.images.narrow(0, 0, count), /*non_blocking=*/true);
    batch.labels.copy_(from.labels.narrow(0, 0, count), /*non_blocking=*/true);
    from.copied->record(c10::impl::VirtualGuardImpl(device_.type()).getStream(device_));
    return batch;
}

}  // namespace bw::trainer
