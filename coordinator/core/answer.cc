#include "coordinator/core/answer.h"

#include <exception>
#include <utility>

#include "sweeps/points.h"

namespace bw::core {
namespace {

// What was stopped early, or waits at a rung, has shown what it is worth: its own value counts. A
// point that fails or cannot run has none and gets the metric's imputation.
search::RunState run_state_of(const JobRecord& job) {
    switch (job.state) {
        case JobState::queued:
        case JobState::starting:
        case JobState::waiting_retry:
            return job.epochs.empty() ? search::RunState::pending : search::RunState::running;
        case JobState::running:
        case JobState::preempting:
            return search::RunState::running;
        case JobState::paused:
            return job.held ? search::RunState::finished : search::RunState::running;
        case JobState::finished:
        case JobState::stopped:
            return search::RunState::finished;
        case JobState::failed:
        case JobState::refused:
            return search::RunState::failed;
        case JobState::cancelled:
            return search::RunState::killed;
    }
    return search::RunState::pending;
}

bool has_never_run(const JobRecord& job) {
    return job.state == JobState::stopped && job.attempts.empty();
}

}  // namespace

std::vector<search::PastJob> past_jobs(const State& state, const SweepRecord& sweep) {
    const std::string metric = sweep.sweep->metric ? sweep.sweep->metric->name : "";
    std::vector<search::PastJob> past;
    past.reserve(sweep.jobs.size());
    for (const JobId id : sweep.jobs) {
        const JobRecord& job = state.jobs.at(id);
        search::PastJob& one = past.emplace_back();
        one.ordinal = job.ordinal;
        one.state = has_never_run(job) ? search::RunState::pending : run_state_of(job);
        one.params_json = job.params_json;
        for (const EpochRecord& epoch : job.epochs) {
            const auto value = epoch.values.find(metric);
            if (value != epoch.values.end()) one.history.push_back(value->second);
        }
        if (!job.result) continue;
        const auto value = job.result->metrics.find(metric);
        if (value != job.result->metrics.end()) one.summary = value->second;
    }
    return past;
}

SearcherAnswered answer_of(
    const sweeps::Sweep& sweep, const std::vector<search::PastJob>& past, const PointsWanted& wanted
) {
    SearcherAnswered answer;
    answer.sweep = wanted.sweep;
    answer.first = wanted.first;
    try {
        search::NextPoints next = search::next_points(sweep, past, wanted.first, wanted.count);
        for (sweeps::Point& point : next.points) {
            answer.points.push_back(
                {std::move(point.hash), sweeps::to_json(sweeps::Value{std::move(point.params)})}
            );
        }
        if (next.exhausted) answer.end = "every point of the space has been suggested";
    } catch (const std::exception& error) {  // of memory; a search that cannot go on must say so
        answer.points.clear();
        answer.end = std::string("the searcher failed: ") + error.what();
    }
    return answer;
}

}  // namespace bw::core
