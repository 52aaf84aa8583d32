// job_detail_json: the one long document of the API.
#include <string>

#include "coordinator/api/render.h"
#include "coordinator/api/selectors.h"
#include "coordinator/results/layout.h"
#include "coordinator/results/log_tail.h"

namespace bw::api {

namespace {

Json checkpoint_json(const std::optional<core::Checkpoint>& checkpoint) {
    if (!checkpoint) return nullptr;
    return {{"step", checkpoint->step}, {"path", checkpoint->path}};
}

Json plan_json(const plan::Plan& plan) {
    return {
        {"global_batch", plan.global_batch},
        {"world_size", plan.world_size},
        {"micro_batch", plan.micro_batch},
        {"accumulation", plan.accumulation},
        {"group", plan.group},
    };
}

Json ranks_json(
    const View& view, const core::AttemptRecord& attempt, const std::filesystem::path& folder
) {
    Json ranks = Json::array();
    for (std::size_t i = 0; i < attempt.ranks.size(); ++i) {
        const core::RankRecord& rank = attempt.ranks[i];
        const auto agent = view.state().agents.find(rank.slot.agent);
        ranks.push_back({
            {"rank", i},
            {"agent", agent == view.state().agents.end() ? "unknown" : agent->second.name},
            {"slot", rank.slot.slot},
            {"outcome", rank.ended ? Json(core::name_of(rank.outcome)) : Json(nullptr)},
            {"reason", rank.reason},
            {"log", (folder / results::log_name(static_cast<int>(i))).string()},
        });
    }
    return ranks;
}

Json attempt_json(
    const View& view, const core::JobRecord& job, const core::AttemptRecord& attempt
) {
    const core::SweepRecord& sweep = view.state().sweeps.at(job.sweep);
    const auto folder = results::attempt_dir(view.state_dir, sweep, job.ordinal, attempt.number);
    return {
        {"attempt", attempt.number},
        {"over", attempt.ended},
        {"plan", plan_json(attempt.plan)},
        {"resumed_from", checkpoint_json(attempt.resume)},
        {"started_step", attempt.started_step},
        {"stopped_step", attempt.stopped_step},
        {"total_steps", attempt.total_steps},
        {"lost_steps", attempt.lost_steps},
        {"lost_device_seconds",
         attempt.lost_time.seconds() * static_cast<double>(attempt.ranks.size())},
        {"stopping", attempt.stopping ? Json(core::name_of(*attempt.stopping)) : Json(nullptr)},
        {"stop_reason", attempt.stop_reason},
        {"data_fingerprint", attempt.data_fingerprint},
        {"placed_at", seconds_or_null(attempt.placed_at)},
        {"running_at", seconds_or_null(attempt.running_at)},
        {"ended_at", seconds_or_null(attempt.ended_at)},
        {"folder", folder.string()},
        {"ranks", ranks_json(view, attempt, folder)},
    };
}

Json epochs_json(const core::JobRecord& job) {
    Json epochs = Json::array();
    for (const core::EpochRecord& epoch : job.epochs) {
        Json values = Json::object();
        for (const auto& [name, value] : epoch.values) values[name] = finite_or_null(value);
        epochs.push_back({{"epoch", epoch.epoch}, {"step", epoch.step}, {"values", values}});
    }
    return epochs;
}

Json result_json(const std::optional<core::JobResult>& result) {
    if (!result) return nullptr;
    Json metrics = Json::object();
    for (const auto& [name, value] : result->metrics) metrics[name] = finite_or_null(value);
    return {
        {"weights_sha256", result->weights_sha256},
        {"samples_per_step",
         {{"min", result->samples_per_step_min}, {"max", result->samples_per_step_max}}},
        {"peak_bytes", result->peak_bytes},
        {"metrics", metrics},
    };
}

}  // namespace

Json job_detail_json(const View& view, const core::JobRecord& job) {
    const core::SweepRecord& sweep = view.state().sweeps.at(job.sweep);
    Json detail = job_json(view, job);
    const Json params = Json::parse(job.params_json, nullptr, false);
    detail["sweep"] = sweep.id.value;
    detail["sweep_name"] = name_of(sweep);
    detail["hash"] = job.hash;
    detail["params"] = params.is_object() ? params : Json::object();
    detail["checkpoint"] = checkpoint_json(job.checkpoint);
    detail["retries_used"] = job.retries_used;
    detail["retries"] = sweep.sweep->options.retries;
    detail["asked_world_size"] = job.world_size;
    detail["not_before"] = seconds_or_null(job.not_before);
    detail["explain"] = core::explain(view.state(), job.id, view.now);
    detail["result"] = result_json(job.result);
    detail["epoch_values"] = epochs_json(job);
    Json history = Json::array();
    for (const core::AttemptRecord& attempt : job.attempts)
        history.push_back(attempt_json(view, job, attempt));
    detail["history"] = std::move(history);
    return detail;
}

}  // namespace bw::api
