#include "coordinator/results/results.h"

#include <iterator>
#include <optional>
#include <utility>

#include "coordinator/results/atomic_file.h"
#include "coordinator/results/curves.h"
#include "coordinator/results/layout.h"
#include "coordinator/results/metrics.h"
#include "coordinator/results/plots.h"

namespace bw::results {
namespace {

using Json = nlohmann::json;

template <class T>
Json or_null(const std::optional<T>& value) {
    return value ? Json(*value) : Json(nullptr);
}

/// A reason may hold bytes of a file name that are no UTF-8, which dump() would throw at.
Json text(const std::string& bytes) {
    return Json::parse(Json(bytes).dump(-1, ' ', false, Json::error_handler_t::replace));
}

/// How the job ran: as its result says, else as its newest attempt was placed, else null.
void add_plan(Json& point, const core::JobRecord& job) {
    point["world_size"] = point["micro_batch"] = point["accumulation"] = nullptr;
    if (!job.attempts.empty()) {
        const plan::Plan& plan = job.attempts.back().plan;
        point["world_size"] = plan.world_size;
        point["micro_batch"] = plan.micro_batch;
        point["accumulation"] = plan.accumulation;
    }
    if (job.result && job.result->micro_batch > 0) {
        point["micro_batch"] = job.result->micro_batch;
        point["accumulation"] = job.result->accumulation;
    }
}

/// Of a job under a memory limit; null where there was none.
void add_memory(Json& point, const core::JobRecord& job) {
    for (const char* name :
         {"predicted_peak_bytes",
          "limit_bytes",
          "oom_count",
          "probe_ooms",
          "probe_steps",
          "replans",
          "recompute"}) {
        point[name] = nullptr;
        if (!job.result) continue;
        const auto found = job.result->metrics.find(name);
        if (found != job.result->metrics.end())
            point[name] = static_cast<std::int64_t>(found->second);
    }
    const bool is_measured = job.result && job.result->peak_bytes > 0;
    point["measured_peak_bytes"] = is_measured ? Json(job.result->peak_bytes) : Json(nullptr);
}

/// What a program measured under names of its own.
void add_own_metrics(Json& metrics, const core::JobRecord& job) {
    const auto add = [&](const std::map<std::string, double>& values) {
        for (const auto& [name, value] : values) {
            if (!metrics.contains(name)) metrics[name] = or_null(metric_of(job, name));
        }
    };
    for (const core::EpochRecord& epoch : job.epochs) add(epoch.values);
    if (job.result) add(job.result->metrics);
}

Json point_json(const core::SweepRecord& sweep, const core::JobRecord& job) {
    Json point = {
        {"ordinal", job.ordinal},
        {"hash", job.hash},
        {"params", Json::parse(job.params_json, nullptr, false)},
        {"state", core::name_of(job.state)},
        {"reason", text(job.reason)},
        {"attempts", job.attempts.size()},
        {"retries_used", job.retries_used},
        {"lost_device_seconds", lost_json(job.lost)},
        {"weights_sha256", nullptr},
        {"samples_per_step", {{"min", nullptr}, {"max", nullptr}}},
    };
    if (!point["params"].is_object()) point["params"] = Json::object();
    add_plan(point, job);
    add_memory(point, job);
    if (job.result) {
        if (!job.result->weights_sha256.empty())
            point["weights_sha256"] = job.result->weights_sha256;
        point["samples_per_step"] = {
            {"min", job.result->samples_per_step_min}, {"max", job.result->samples_per_step_max}};
    }
    for (const char* metric : {"train_loss", "test_loss", "test_accuracy", "samples_per_second"}) {
        point["metrics"][metric] = or_null(metric_of(job, metric));
    }
    if (sweep.sweep->external) add_own_metrics(point["metrics"], job);
    return point;
}

void append(std::vector<std::string>& all, std::vector<std::string> more) {
    all.insert(
        all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end())
    );
}

}  // namespace

Json lost_json(const core::LostTime& lost) {
    Json seconds = Json::object();
    for (const auto& [cause, time] : lost) seconds[cause] = time.seconds();
    return seconds;
}

Json results_json(
    const core::State& state, const core::SweepRecord& sweep, const Json& environment
) {
    Json points = Json::array();
    for (const JobId id : sweep.jobs) points.push_back(point_json(sweep, state.jobs.at(id)));
    return {
        {"sweep", sweep_name(sweep)},
        {"state", sweep.ended ? "finished" : "running"},
        {"environment", environment},
        {"lost_device_seconds", lost_json(sweep.lost)},
        {"points", std::move(points)},
    };
}

Result<std::vector<std::string>> write_results(
    const core::State& state,
    const core::SweepRecord& sweep,
    const std::filesystem::path& state_dir,
    const Json& environment
) {
    const auto folder = sweep_dir(state_dir, sweep);
    auto warnings = write_curves(state, sweep, state_dir, folder / "curves.csv");
    if (!warnings) return warnings.error();
    auto more = write_plots(state, sweep, folder / "plot");
    if (!more) return more.error();
    append(*warnings, std::move(*more));
    auto file = AtomicFile::create(folder / "results.json");
    if (!file) return file.error();
    file->write(results_json(state, sweep, environment).dump(2) + "\n");
    if (auto committed = file->commit(); !committed) return committed.error();
    return warnings;
}

}  // namespace bw::results
