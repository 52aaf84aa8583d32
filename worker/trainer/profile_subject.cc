#include "worker/trainer/profile_subject.h"

#include "base/sha256.h"
#include "base/version.h"

namespace bw::trainer {
namespace {

std::string optimizer_text(const TrainingParams& params) {
    const auto& spec = params.optimizer;
    return plan::optimizer_text(
        {.kind = name_of(spec.kind),
         .momentum = spec.momentum,
         .weight_decay = spec.weight_decay,
         .nesterov = spec.nesterov == Nesterov::yes,
         .clip_norm = params.clip_norm,
         .label_smoothing = params.label_smoothing,
         .sam_rho = params.sharpness.rho,
         .sam_adaptive = params.sharpness.adaptive}
    );
}

}  // namespace

plan::ProfileSubject subject_of(const Training& training) {
    const auto& loader = *training.train_loader;
    const auto& params = training.params;
    return {
        .model = params.model,
        .classes = loader.dataset().info->classes,
        .channels = loader.dataset().channels,
        .height = loader.height(),
        .width = loader.width(),
        .precision = params.precision == Precision::fp64 ? "fp64" : "fp32",
        .memory_format =
            params.memory_format == MemoryFormat::channels_last ? "channels_last" : "contiguous",
        .optimizer = optimizer_text(params),
        .bn = training.batch_norm->has_layers() ? training.start.bn : "",
        .device = training.start.device,
        .threads = training.start.threads,
        .torch = std::string(bw::torch_version()),
        .recompute = training.recomputes};
}

std::string network_digest(const models::Network& network) {
    Sha256 hash;
    for (const auto& [name, tensor] : weights_of(network)) {
        hash.update(name + " " + c10::toString(tensor.scalar_type()));
        for (const auto size : tensor.sizes()) hash.update(" " + std::to_string(size));
        hash.update("\n");
    }
    return hash.hex_digest();
}

}  // namespace bw::trainer
