#include "sweeps/batch_norm.h"

#include <algorithm>

#include "models/catalog/catalog.h"

namespace bw::sweeps {

const char* name_of(BatchNormPolicy policy) {
    switch (policy) {
        case BatchNormPolicy::ghost:
            return "ghost";
        case BatchNormPolicy::micro_batch:
            return "micro_batch";
        case BatchNormPolicy::frozen:
            return "frozen";
    }
    return "unknown";
}

bool is_tied_to_world_size(const Options& options, std::string_view model) {
    const models::ModelInfo* info = models::find_model(model);
    return options.bn == BatchNormPolicy::micro_batch && info != nullptr &&
           info->batch_norm_layers > 0;
}

std::int64_t batch_norm_group(
    const Options& options, std::string_view model, std::int64_t batch_size
) {
    const models::ModelInfo* info = models::find_model(model);
    if (info == nullptr || info->batch_norm_layers == 0) return 0;
    if (options.bn != BatchNormPolicy::ghost) return 0;
    return std::min(batch_size, options.bn_group > 0 ? options.bn_group : kGhostGroupDefault);
}

}  // namespace bw::sweeps
