#include "coordinator/api/running_plan.h"

namespace bw::api {
namespace {

using Json = nlohmann::json;

Json bytes_or_null(std::int64_t bytes) { return bytes > 0 ? Json(bytes) : Json(nullptr); }

}  // namespace

void add_running_plan(Json& job, const RunningPlan& plan) {
    if (plan.micro_batch > 0) {
        job["micro_batch"] = plan.micro_batch;
        job["accumulation"] = plan.accumulation;
    }
    const bool has_headroom = plan.limit_bytes > 0 && plan.peak_bytes > 0;
    job["memory"] = {
        {"limit_bytes", bytes_or_null(plan.limit_bytes)},
        {"predicted_peak_bytes", bytes_or_null(plan.predicted_peak_bytes)},
        {"measured_peak_bytes", bytes_or_null(plan.peak_bytes)},
        {"headroom_bytes", has_headroom ? Json(plan.limit_bytes - plan.peak_bytes) : Json(nullptr)},
        {"ooms", plan.ooms},
        {"replans", plan.replans},
    };
}

RunningPlan plan_as_run(const core::JobResult& result) {
    const auto number = [&result](const char* name) {
        const auto found = result.metrics.find(name);
        return found == result.metrics.end() ? 0 : static_cast<std::int64_t>(found->second);
    };
    return {
        .micro_batch = result.micro_batch,
        .accumulation = result.accumulation,
        .peak_bytes = result.peak_bytes,
        .predicted_peak_bytes = number("predicted_peak_bytes"),
        .limit_bytes = number("limit_bytes"),
        .ooms = number("oom_count"),
        .replans = number("replans")};
}

}  // namespace bw::api
