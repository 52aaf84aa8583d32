#include "coordinator/api/render.h"

#include <cmath>
#include <optional>
#include <set>

#include "base/version.h"
#include "coordinator/api/running_plan.h"
#include "coordinator/api/selectors.h"
#include "coordinator/results/layout.h"
#include "coordinator/results/results.h"
#include "sweeps/batch_norm.h"
#include "sweeps/points.h"
#include "sweeps/training.h"

namespace bw::api {

namespace {

template <class T>
Json or_null(const std::optional<T>& value) {
    return value ? Json(*value) : Json(nullptr);
}

Json metric_json(const sweeps::Sweep& sweep) {
    if (!sweep.metric) return nullptr;
    return {
        {"name", sweep.metric->name}, {"goal", sweep.metric->maximize ? "maximize" : "minimize"}};
}

const char* name_of(sweeps::Method method) {
    switch (method) {
        case sweeps::Method::grid:
            return "grid";
        case sweeps::Method::random:
            return "random";
        case sweeps::Method::bayes:
            return "bayes";
        case sweeps::Method::custom:
            return "custom";
    }
    return "unknown";
}

}  // namespace

Json seconds_or_null(Instant at) {
    if (at.ns == 0) return nullptr;
    return static_cast<double>(at.ns / 1'000'000) / 1000.0;
}

Json finite_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

const char* state_of(const View& view, const core::SweepRecord& sweep) {
    if (!sweep.ended) return sweep.paused ? "paused" : "running";
    return count_unsuccessful(view.books.tallies.at(sweep.id)) == 0 ? "finished" : "unsuccessful";
}

Json sweep_json(const View& view, const core::SweepRecord& sweep) {
    const Tally& tally = view.books.tallies.at(sweep.id);
    Json counts = Json::object();
    for (const auto& [state, number] : tally) {
        if (number > 0) counts[core::name_of(state)] = number;
    }
    return {
        {"sweep", sweep.id.value},
        {"name", name_of(sweep)},
        {"file_name", sweep.file_name},
        {"state", state_of(view, sweep)},
        {"method", name_of(sweep.sweep->method)},
        {"metric", metric_json(*sweep.sweep)},
        {"total", or_null(sweeps::point_count(*sweep.sweep))},
        {"suggested", sweep.jobs.size()},
        {"counts", std::move(counts)},
        {"ended", count_terminal(tally)},
        {"unsuccessful", count_unsuccessful(tally)},
        {"over", sweep.ended},
        {"paused", sweep.paused},
        {"lost_device_seconds", results::lost_json(sweep.lost)},
        {"search_end", sweep.search_end.empty() ? Json(nullptr) : Json(sweep.search_end)},
        {"submitted_at", seconds_or_null(sweep.submitted_at)},
        {"ended_at", seconds_or_null(sweep.ended_at)},
        {"results", results::sweep_dir(view.state_dir, sweep).string()},
    };
}

Json sweep_detail_json(const View& view, const core::SweepRecord& sweep) {
    Json detail = sweep_json(view, sweep);
    Json jobs = Json::array();
    for (const JobId id : view.state().unfinished) {
        const core::JobRecord& job = view.state().jobs.at(id);
        if (job.sweep == sweep.id) jobs.push_back(job_json(view, job));
    }
    detail["jobs"] = std::move(jobs);
    return detail;
}

Json job_json(const View& view, const core::JobRecord& job) {
    const core::SweepRecord& sweep = view.state().sweeps.at(job.sweep);
    Json data = {
        {"ordinal", job.ordinal},
        {"label", label_of(sweep, job)},
        {"state", core::name_of(job.state)},
        {"reason", job.reason},
        {"attempts", job.attempts.size()},
        {"over", core::is_terminal(job.state)},
        {"unsuccessful", core::is_unsuccessful(job.state)},
        {"checkpoint_step", job.checkpoint ? Json(job.checkpoint->step) : Json(nullptr)},
        {"epochs", job.epochs.size()},
        {"lost_device_seconds", results::lost_json(job.lost)},
        {"ended_at", seconds_or_null(job.ended_at)},
    };
    if (job.attempts.empty()) return data;
    const core::AttemptRecord& attempt = job.attempts.back();
    data["world_size"] = attempt.plan.world_size;
    data["micro_batch"] = attempt.plan.micro_batch;
    data["accumulation"] = attempt.plan.accumulation;
    data["step"] = std::max(attempt.started_step, attempt.stopped_step);
    data["total_steps"] = attempt.total_steps;
    data["placed_at"] = seconds_or_null(attempt.placed_at);
    if (job.result) add_running_plan(data, plan_as_run(*job.result));
    const auto sample = view.books.progress.find(job.id);
    if (sample == view.books.progress.end()) return data;
    data["step"] = sample->second.step;
    data["total_steps"] = sample->second.total_steps;
    data["epoch"] = sample->second.epoch;
    data["loss"] = finite_or_null(sample->second.loss);
    data["samples_per_second"] = finite_or_null(sample->second.samples_per_second);
    add_running_plan(data, sample->second.plan);
    return data;
}

Json agent_json(const core::State& state, const core::AgentRecord& agent) {
    Json slots = Json::array();
    for (std::size_t i = 0; i < agent.slots.size(); ++i) {
        Json slot = {
            {"slot", i},
            {"kind", agent.slots[i].kind},
            {"threads", agent.slots[i].threads},
            {"memory_limit_bytes", agent.slots[i].memory_limit_bytes},
            {"busy", nullptr},
        };
        if (i < agent.busy.size() && agent.busy[i]) {
            const core::JobRecord& job = state.jobs.at(agent.busy[i]->job);
            slot["busy"] = {
                {"sweep", job.sweep.value},
                {"ordinal", job.ordinal},
                {"attempt", agent.busy[i]->number}};
        }
        slots.push_back(std::move(slot));
    }
    const char* life = agent.draining ? "drained" : "live";
    return {
        {"agent", agent.id.value},
        {"name", agent.name},
        {"host", agent.host},
        {"epoch", agent.epoch},
        {"state", agent.live ? life : "lost"},
        {"drain_reason", agent.drain_reason},
        {"slots", std::move(slots)},
    };
}

Json environment_of(const core::State& state, const core::SweepRecord& sweep) {
    std::set<std::string> devices, fingerprints;
    std::set<int> threads;
    for (const JobId id : sweep.jobs) {
        for (const core::AttemptRecord& attempt : state.jobs.at(id).attempts) {
            if (!attempt.data_fingerprint.empty()) fingerprints.insert(attempt.data_fingerprint);
            for (const core::RankRecord& rank : attempt.ranks) {
                const auto agent = state.agents.find(rank.slot.agent);
                if (agent == state.agents.end() || rank.slot.slot >= agent->second.slots.size())
                    continue;
                devices.insert(agent->second.slots[rank.slot.slot].kind);
                threads.insert(agent->second.slots[rank.slot.slot].threads);
            }
        }
    }
    return {
        {"version", version()},
        {"commit", commit()},
        {"torch", torch_version()},
        {"devices", devices},
        {"threads_per_rank", threads},
        {"data_fingerprints", fingerprints},
        {"bn", sweeps::name_of(sweep.sweep->options.bn)},
        {"bn_group", sweep.sweep->options.bn_group},
    };
}

std::string label_of(const core::SweepRecord& sweep, const core::JobRecord& job) {
    const Json params = Json::parse(job.params_json, nullptr, false);
    std::string label;
    for (const sweeps::Parameter& axis : sweep.sweep->parameters) {
        const bool varies =
            axis.distribution != sweeps::Distribution::constant && axis.values.size() != 1;
        const sweeps::TrainingParameter* known = sweeps::find_training_parameter(axis.name);
        const std::string name = known != nullptr ? std::string(known->name) : axis.name;
        if (!varies || !params.is_object() || !params.contains(name)) continue;
        const Json& value = params[name];
        label += (label.empty() ? "" : " ") + name + "=" +
                 (value.is_string() ? value.get<std::string>() : value.dump());
    }
    return label.empty() ? "the only point" : label;
}

}  // namespace bw::api
