#include "models/catalog/catalog.h"

#include <algorithm>

#include "models/catalog/table.h"

namespace bw::models {

std::span<const ModelInfo> catalog() { return model_table(); }

const ModelInfo* find_model(std::string_view name) {
    for (const ModelInfo& model : catalog()) {
        const bool alias =
            std::find(model.aliases.begin(), model.aliases.end(), name) != model.aliases.end();
        if (model.name == name || alias) return &model;
    }
    return nullptr;
}

std::optional<std::string> input_problem(const ModelInfo& model, int channels, int resolution) {
    const std::string name(model.name);
    if (model.channels_fixed != 0 && channels != model.channels_fixed) {
        return name + " takes images of " + std::to_string(model.channels_fixed) + " channel" +
               (model.channels_fixed == 1 ? "" : "s") + ", not of " + std::to_string(channels);
    }
    if (model.fixed_resolution && resolution != model.resolution) {
        return name + " takes images of " + std::to_string(model.resolution) +
               " pixels only, not of " + std::to_string(resolution);
    }
    if (resolution < model.resolution_min) {
        return name + " takes images of at least " + std::to_string(model.resolution_min) +
               " pixels, not of " + std::to_string(resolution);
    }
    if (resolution % model.resolution_multiple != 0) {
        return name + " takes images whose side is a multiple of " +
               std::to_string(model.resolution_multiple) + " pixels (its patch size), not of " +
               std::to_string(resolution);
    }
    return std::nullopt;
}

}  // namespace bw::models
