#include "sweeps/search/next_points.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <utility>

#include "base/assert.h"
#include "sweeps/search/suggest.h"
#include "sweeps/training.h"
#include "sweeps/yaml_reader.h"

namespace bw::search {
namespace {

using sweeps::Aggregate;
using sweeps::Map;
using sweeps::Sweep;
using sweeps::Value;

Map map_of(const std::string& params_json) {
    const sweeps::YamlTree tree = sweeps::read_yaml(params_json);
    if (!tree.root) return {};
    Value value = sweeps::to_value(*tree.root);
    auto* map = std::get_if<Map>(&value.data);
    return map == nullptr ? Map{} : std::move(*map);
}

double aggregated(Aggregate aggregate, std::vector<double> values) {
    BW_ASSERT(!values.empty(), "there is something to aggregate");
    std::sort(values.begin(), values.end());
    const std::size_t middle = values.size() / 2;
    switch (aggregate) {
        case Aggregate::mean:
            return std::accumulate(values.begin(), values.end(), 0.0) /
                   static_cast<double>(values.size());
        case Aggregate::median:
            return values.size() % 2 == 1 ? values[middle]
                                          : (values[middle - 1] + values[middle]) / 2;
        case Aggregate::min:
            return values.front();
        case Aggregate::max:
            return values.back();
    }
    return values.front();
}

std::optional<double> best_of(const PastJob& job, bool maximize) {
    std::vector<double> values = job.history;
    if (job.summary) values.push_back(*job.summary);
    std::erase_if(values, [](double value) { return !std::isfinite(value); });
    if (values.empty()) return std::nullopt;
    return maximize ? *std::max_element(values.begin(), values.end())
                    : *std::min_element(values.begin(), values.end());
}

// All replicas of one assignment as the one run that a searcher sees: its outcome is open until all
// have ended.
RunRecord joined(const Sweep& sweep, std::span<const PastJob* const> replicas, bool maximize) {
    RunRecord run;
    run.params = map_of(replicas.front()->params_json);
    run.state = RunState::failed;
    std::vector<double> values;
    for (const PastJob* job : replicas) {
        if (!is_terminal(job->state)) run.state = RunState::pending;
        if (job->state != RunState::finished) continue;
        if (const auto best = best_of(*job, maximize)) values.push_back(*best);
    }
    const auto expected = static_cast<std::size_t>(sweep.options.replicas.count);
    if (replicas.size() < expected) run.state = RunState::pending;
    if (run.state == RunState::pending || values.empty()) return run;
    run.state = RunState::finished;
    run.history = {aggregated(sweep.options.replicas.aggregate, std::move(values))};
    return run;
}

std::vector<RunRecord> runs_of(const Sweep& sweep, std::span<const PastJob> past) {
    const bool maximize = sweep.metric && sweep.metric->maximize;
    std::vector<RunRecord> runs;
    if (sweep.options.replicas.count <= 1) {
        for (const PastJob& job : past)
            runs.push_back({job.state, job.history, job.summary, map_of(job.params_json)});
        return runs;
    }
    std::map<std::uint64_t, std::vector<const PastJob*>> by_assignment;
    for (const PastJob& job : past)
        by_assignment[sweeps::assignment_of(sweep, job.ordinal)].push_back(&job);
    for (const auto& [assignment, jobs] : by_assignment)
        runs.push_back(joined(sweep, jobs, maximize));
    return runs;
}

// What a replica shares with the others: its parameters as if it were the first of them.
Map without_replica(const Sweep& sweep, const PastJob& job) {
    Map params = map_of(job.params_json);
    const auto count = static_cast<std::uint64_t>(sweep.options.replicas.count);
    for (auto& [name, value] : params) {
        auto* number = std::get_if<std::int64_t>(&value.data);
        if (count > 1 && name == sweep.options.replicas.parameter && number != nullptr)
            *number -= static_cast<std::int64_t>(job.ordinal % count);
    }
    return params;
}

class Search {
public:
    Search(const Sweep& sweep, std::span<const PastJob> past)
        : sweep_(sweep), space_(space_of(sweep)) {
        const sweeps::Metric metric = sweep.metric.value_or(sweeps::Metric{});
        evidence_ = evidence_of(metric, runs_of(sweep, past), Valueless::worst);
        for (const PastJob& job : past) {
            add(sweeps::assignment_of(sweep, job.ordinal), without_replica(sweep, job));
        }
    }

    NextPoints run(std::uint64_t first, std::uint64_t count) {
        NextPoints next;
        for (std::uint64_t ordinal = first; next.points.size() < count; ++ordinal) {
            if (auto known = sweeps::point_at(sweep_, ordinal)) {
                note(ordinal, known->params);
                next.points.push_back(std::move(*known));
                continue;
            }
            const std::uint64_t assignment = sweeps::assignment_of(sweep_, ordinal);
            if (!assignments_.contains(assignment)) {
                next.exhausted = is_used_up();
                if (next.exhausted) break;
                note(ordinal, suggest(space_, evidence_, request(assignment)));
            }
            next.points.push_back(sweeps::make_point(sweep_, ordinal, assignments_.at(assignment)));
        }
        next.exhausted = next.exhausted || (!is_open(first + next.points.size()) && is_used_up());
        return next;
    }

private:
    [[nodiscard]] Request request(std::uint64_t assignment) const {
        return {
            .sampler = sampler_for(sweep_),
            .seed = sweep_.options.seed,
            .ordinal = assignment - sweep_.options.points.size()};
    }

    void note(std::uint64_t ordinal, Assignment params) {
        const std::uint64_t assignment = sweeps::assignment_of(sweep_, ordinal);
        if (add(assignment, std::move(params)))
            evidence_.pending.push_back(assignments_.at(assignment));
    }

    // Whether it is new.
    bool add(std::uint64_t assignment, Assignment params) {
        const auto [place, is_new] = assignments_.emplace(assignment, std::move(params));
        if (!is_new) return false;
        if (auto coords = space_.encode(place->second)) taken_.insert(std::move(*coords));
        return true;
    }

    // Whether the next ordinal is a further replica of an assignment that there is.
    [[nodiscard]] bool is_open(std::uint64_t ordinal) const {
        return assignments_.contains(sweeps::assignment_of(sweep_, ordinal));
    }

    [[nodiscard]] bool is_used_up() const {
        const auto points = space_.point_count();
        return points && static_cast<double>(taken_.size()) >= *points;
    }

    const Sweep& sweep_;
    Space space_;
    Evidence evidence_;
    std::map<std::uint64_t, Assignment> assignments_;  // without the replica's part
    std::set<Coords> taken_;                           // of the space's points
};

// Whole numbers are enough where the trainer wants whole numbers.
sweeps::Parameter as_trained(sweeps::Parameter parameter) {
    const sweeps::TrainingParameter* known = sweeps::find_training_parameter(parameter.name);
    if (known == nullptr) return parameter;
    parameter.name = known->name;
    parameter.levels = {parameter.name};
    for (Value& value : parameter.values) {
        const Map complete = sweeps::complete_training_params({{parameter.name, value}});
        value = *sweeps::find_value(complete, parameter.name);
    }
    return parameter;
}

}  // namespace

Sampler sampler_for(const Sweep& sweep) {
    switch (sweeps::sampler_of(sweep)) {
        case sweeps::Sampler::by_method:
        case sweeps::Sampler::random:
            return Sampler::random;
        case sweeps::Sampler::sobol:
            return Sampler::sobol;
        case sweeps::Sampler::tpe:
            return Sampler::tpe;
        case sweeps::Sampler::gp:
            return Sampler::gp;
    }
    return Sampler::random;
}

Space space_of(const Sweep& sweep) {
    if (sweep.external) return Space(sweep.parameters);
    std::vector<sweeps::Parameter> parameters;
    for (const sweeps::Parameter& parameter : sweep.parameters)
        parameters.push_back(as_trained(parameter));
    return Space(parameters);
}

NextPoints next_points(
    const Sweep& sweep, std::span<const PastJob> past, std::uint64_t first, std::uint64_t count
) {
    return Search(sweep, past).run(first, count);
}

}  // namespace bw::search
