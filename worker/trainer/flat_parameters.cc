#include "worker/trainer/flat_parameters.h"

#include <algorithm>
#include <utility>

#include <c10/core/GradMode.h>

namespace bw::trainer {
namespace {

// Every parameter begins on a cache line, as an allocation of its own would.
constexpr std::int64_t kAlignmentBytes = 64;

std::int64_t aligned(std::int64_t elements, std::int64_t element_bytes) {
    const std::int64_t unit = kAlignmentBytes / element_bytes;
    return (elements + unit - 1) / unit * unit;
}

}  // namespace

torch::Tensor FlatSlot::view_of(const torch::Tensor& flat) const {
    return flat.narrow(0, offset, numel).as_strided(sizes, strides);
}

FlatParameters::FlatParameters(torch::nn::Module& network, std::int64_t bucket_bytes) {
    const auto parameters = network.named_parameters();
    slots_.resize(parameters.size());
    std::vector<std::int64_t> sizes;
    for (std::size_t i = parameters.size(); i-- > 0;) {
        const auto& tensor = parameters[i].value();
        const std::int64_t element = static_cast<std::int64_t>(tensor.element_size());
        if (sizes.empty() || sizes.back() * element >= bucket_bytes) sizes.push_back(0);
        slots_[i] = {
            .name = parameters[i].key(),
            .bucket = sizes.size() - 1,
            .offset = sizes.back(),
            .numel = tensor.numel(),
            .sizes = tensor.sizes().vec(),
            .strides = tensor.strides().vec()};
        sizes.back() += aligned(tensor.numel(), element);
    }
    const torch::NoGradGuard no_grad;
    for (const std::int64_t size : sizes) {
        const auto options = parameters[0].value().options().requires_grad(false);
        buckets_.push_back({torch::zeros({size}, options), torch::zeros({size}, options)});
    }
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        torch::Tensor parameter = parameters[i].value();
        auto weights = slots_[i].view_of(buckets_[slots_[i].bucket].weights);
        weights.copy_(parameter);
        parameter.set_data(weights);
        parameter.mutable_grad() = slots_[i].view_of(buckets_[slots_[i].bucket].gradients);
        parameters_.push_back(std::move(parameter));
    }
}

void FlatParameters::zero_gradients() {
    for (auto& bucket : buckets_) bucket.gradients.zero_();
}

}  // namespace bw::trainer
