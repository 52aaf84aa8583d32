#include "coordinator/core/job_plan.h"

#include "coordinator/core/params.h"
#include "sweeps/batch_norm.h"

namespace bw::core {

Result<plan::Plan> plan_of(const sweeps::Sweep& sweep, std::string_view params_json) {
    const auto batch_size = find_integer_param(params_json, "batch_size");
    if (!batch_size) {
        return fail(Errc::refused, "the point has no batch_size, which the built-in trainer needs");
    }
    const sweeps::Options& options = sweep.options;
    const std::string model = find_text_param(params_json, "model").value_or("");
    const std::int64_t group = sweeps::batch_norm_group(options, model, *batch_size);
    return plan::make_plan(
        *batch_size, group, static_cast<int>(options.world_size), options.micro_batch
    );
}

}  // namespace bw::core
