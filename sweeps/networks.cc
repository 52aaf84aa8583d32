#include "sweeps/networks.h"

#include "models/catalog/catalog.h"

namespace bw::sweeps {

std::optional<NetworkFacts> find_network(std::string_view name) {
    const models::ModelInfo* info = models::find_model(name);
    if (info == nullptr) return std::nullopt;
    return NetworkFacts{
        .has_batch_norm = info->batch_norm_layers > 0,
        .parameters = info->parameters,
        .classes = 10,
        .channels = info->channels,
        .resolution = info->resolution};
}

}  // namespace bw::sweeps
