#include "worker/trainer/model_state.h"

#include <cstring>

#include <c10/core/GradMode.h>

#include "base/sha256.h"
#include "base/text.h"

namespace bw::trainer {
namespace {

std::string dtype_name(torch::ScalarType type) {
    if (type == torch::kFloat) return "F32";
    if (type == torch::kDouble) return "F64";
    if (type == torch::kLong) return "I64";
    return c10::toString(type);
}

std::string dimensions_text(torch::IntArrayRef sizes) {
    std::string text = "[";
    for (const auto size : sizes) text += (text.size() > 1 ? ", " : "") + std::to_string(size);
    return text + "]";
}

/// The first releases wrote BatchNorm's counter of batches as a float.
bool is_old_counter(const TensorBytes& stored, const torch::Tensor& tensor) {
    return tensor.scalar_type() == torch::kLong && tensor.dim() == 0 && stored.dtype == "F32" &&
           stored.bytes.size() == sizeof(float);
}

torch::Tensor on_host(const torch::Tensor& tensor) { return tensor.detach().cpu().contiguous(); }

}  // namespace

std::vector<NamedTensor> weights_of(const torch::nn::Module& network) {
    std::vector<NamedTensor> tensors;
    for (const auto& item : network.named_parameters())
        tensors.push_back({item.key(), item.value()});
    for (const auto& item : network.named_buffers()) tensors.push_back({item.key(), item.value()});
    return tensors;
}

std::vector<NamedTensor> exported_weights_of(const models::Network& network) {
    auto tensors = weights_of(network);
    for (auto& tensor : tensors) tensor.name = network.library_name(tensor.name);
    return tensors;
}

std::vector<NamedTensor> optimizer_state_of(
    const Optimizer& optimizer, const FlatParameters& parameters
) {
    std::vector<NamedTensor> tensors;
    for (const auto& state : optimizer.state()) {
        for (const auto& slot : parameters.slots()) {
            tensors.push_back(
                {"optimizer." + state.name + "." + slot.name,
                 slot.view_of(state.buckets[slot.bucket])}
            );
        }
    }
    return tensors;
}

std::string digest_of(const std::vector<NamedTensor>& tensors) {
    Sha256 hash;
    for (const auto& [name, tensor] : tensors) {
        const auto host = on_host(tensor);
        hash.update(name + "\n");
        hash.update(host.data_ptr(), host.nbytes());
    }
    return hash.hex_digest();
}

std::vector<TensorBytes> bytes_of(
    const std::vector<NamedTensor>& tensors, std::vector<torch::Tensor>& hold
) {
    std::vector<TensorBytes> result;
    for (const auto& [name, tensor] : tensors) {
        hold.push_back(on_host(tensor));
        const auto& host = hold.back();
        result.push_back(
            {.name = name,
             .dtype = dtype_name(host.scalar_type()),
             .shape = host.sizes().vec(),
             .bytes = {static_cast<const std::uint8_t*>(host.data_ptr()), host.nbytes()}}
        );
    }
    return result;
}

Result<void> restore(const CheckpointFile& file, const std::vector<NamedTensor>& tensors) {
    const torch::NoGradGuard no_grad;
    for (const auto& [name, tensor] : tensors) {
        const TensorBytes* stored = file.find(name);
        if (stored == nullptr) return fail(Errc::corrupt, "it has no tensor " + bw::quoted(name));
        if (is_old_counter(*stored, tensor)) {
            float count = 0;
            std::memcpy(&count, stored->bytes.data(), sizeof count);
            torch::Tensor(tensor).fill_(static_cast<std::int64_t>(count));
            continue;
        }
        if (stored->shape != tensor.sizes().vec() ||
            stored->dtype != dtype_name(tensor.scalar_type()) ||
            stored->bytes.size() != tensor.nbytes()) {
            return fail(
                Errc::corrupt,
                "tensor " + bw::quoted(name) + " is " + stored->dtype +
                    dimensions_text(stored->shape) + ", expected " +
                    dtype_name(tensor.scalar_type()) + dimensions_text(tensor.sizes())
            );
        }
        auto* data = const_cast<std::uint8_t*>(stored->bytes.data());
        torch::Tensor target = tensor;
        target.copy_(torch::from_blob(
            data, tensor.sizes(), tensor.options().device(torch::kCPU).requires_grad(false)
        ));
    }
    return {};
}

}  // namespace bw::trainer
