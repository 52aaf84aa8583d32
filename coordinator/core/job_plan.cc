#include "coordinator/core/job_plan.h"

#include "coordinator/core/params.h"
#include "sweeps/batch_norm.h"

namespace bw::core {

int world_size_of(const SweepRecord& sweep, const JobRecord& job) {
    return job.world_size != 0 ? job.world_size : static_cast<int>(sweep.sweep->options.world_size);
}

Result<plan::Plan> plan_of(
    const sweeps::Sweep& sweep, std::string_view params_json, int world_size
) {
    const auto batch_size = find_integer_param(params_json, "batch_size");
    if (!batch_size) {
        return fail(Errc::refused, "the point has no batch_size, which the built-in trainer needs");
    }
    const sweeps::Options& options = sweep.options;
    const std::string model = find_text_param(params_json, "model").value_or("");
    const std::int64_t group = sweeps::batch_norm_group(options, model, *batch_size);
    const int size = world_size != 0 ? world_size : static_cast<int>(options.world_size);
    if (size != options.world_size && sweeps::is_tied_to_world_size(options, model)) {
        return fail(
            Errc::refused,
            "bn: micro_batch ties the result to the world size " +
                std::to_string(options.world_size)
        );
    }
    return plan::make_plan(*batch_size, group, size, options.micro_batch);
}

}  // namespace bw::core
