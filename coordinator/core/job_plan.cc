#include "coordinator/core/job_plan.h"

#include "coordinator/core/params.h"
#include "sweeps/batch_norm.h"

namespace bw::core {

namespace {

// A point goes to the program twice over in one line of at most 64 KiB, and in its environment.
constexpr std::size_t kProgramParamsBytesMax = 24 * 1024;

/// Only a number of ranks: how a program splits its batch is its own matter.
Result<plan::Plan> program_plan(
    const sweeps::Sweep& sweep, std::string_view params_json, int world_size
) {
    if (params_json.size() > kProgramParamsBytesMax) {
        return fail(
            Errc::refused,
            "the point's values take " + std::to_string(params_json.size()) +
                " bytes; a program is handed at most " + std::to_string(kProgramParamsBytesMax)
        );
    }
    plan::Plan plan;
    plan.world_size = world_size != 0 ? world_size : static_cast<int>(sweep.options.world_size);
    return plan;
}

}  // namespace

int world_size_of(const SweepRecord& sweep, const JobRecord& job) {
    return job.world_size != 0 ? job.world_size : static_cast<int>(sweep.sweep->options.world_size);
}

Result<plan::Plan> plan_of(
    const sweeps::Sweep& sweep, std::string_view params_json, int world_size
) {
    if (sweep.external) return program_plan(sweep, params_json, world_size);
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
