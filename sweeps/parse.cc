#include "sweeps/parse.h"

#include <algorithm>

#include "base/text.h"
#include "sweeps/hyperband.h"
#include "sweeps/matrix.h"
#include "sweeps/points.h"
#include "sweeps/program.h"
#include "sweeps/sweep_reader.h"
#include "sweeps/trainer_check.h"
#include "sweeps/training.h"

namespace bw::sweeps {
namespace {

bool is_model_based(const Sweep& sweep) {
    const Sampler sampler = sampler_of(sweep);
    return sampler == Sampler::tpe || sampler == Sampler::gp;
}

void read_early_terminate(const Element& root, Sweep& sweep, Problems& problems) {
    const Entry* section = find_entry(root, "early_terminate");
    if (section == nullptr) return;
    const StopReport report = stop_check(sweep.document, {});
    if (!report.error) {
        sweep.early_terminate = report.hyperband;
        return;
    }
    const bool lacks_s = report.error->type == "KeyError";
    problems.error(
        section->mark,
        "early_terminate",
        lacks_s ? "max_iter needs s, the number of bands" : report.error->message
    );
}

std::string measured_text() {
    std::string text;
    for (const std::string_view name : measured_metrics())
        text += (text.empty() ? "" : ", ") + std::string(name);
    return text;
}

// Who decides by results needs a metric, and one that is measured.
void check_metric(const Element& root, const ReadSweep& read, Problems& problems) {
    const Sweep& sweep = read.sweep;
    const bool stops = sweep.early_terminate || sweep.options.stopper.rule != Stopper::Rule::none;
    const bool has_target = sweep.metric && sweep.metric->target;
    if (!stops && !has_target && !is_model_based(sweep)) return;
    const Entry* section = find_entry(root, "metric");
    if (section == nullptr) {
        const Mark mark = read.options_entry != nullptr ? read.options_entry->mark : root.mark;
        problems.error(
            mark,
            "metric",
            "required key metric is missing: " +
                std::string(stops ? "stopping early" : "this search") +
                " needs one, such as {name: test_accuracy, goal: maximize}"
        );
        return;
    }
    if (!sweep.metric || sweep.external) return;
    const auto known = measured_metrics();
    if (std::find(known.begin(), known.end(), sweep.metric->name) != known.end()) return;
    const std::string near = did_you_mean(sweep.metric->name, known);
    problems.error(
        section->mark,
        "metric.name",
        "the built-in trainer does not measure " + quoted(sweep.metric->name) +
            (near.empty() ? "; it measures " + measured_text() : near)
    );
}

void check_sampler(const ReadSweep& read, Problems& problems) {
    const Options& options = read.sweep.options;
    if (options.sampler == Sampler::by_method || read.options_entry == nullptr) return;
    const Method method = read.sweep.method;
    if (method == Method::random || method == Method::bayes) return;
    problems.error(
        read.options_entry->mark,
        "batchwright.sampler",
        method == Method::grid ? "a grid is not sampled; use method: random or bayes"
                               : "method: custom takes its points from a searcher of your own"
    );
}

// A replica's parameter is given by the replica alone.
void check_replicas(const ReadSweep& read, Problems& problems) {
    const Replicas& replicas = read.sweep.options.replicas;
    if (replicas.count <= 1) return;
    const auto is_it = [&](const Parameter& parameter) {
        return parameter.name == replicas.parameter &&
               parameter.distribution != Distribution::constant;
    };
    const TrainingParameter* known = find_training_parameter(replicas.parameter);
    const bool is_counted = known != nullptr && known->type == ParameterType::integer;
    std::string problem;
    if (std::any_of(read.sweep.parameters.begin(), read.sweep.parameters.end(), is_it))
        problem = replicas.parameter + " is searched, so replicas cannot count it";
    if (!read.sweep.external && !is_counted)
        problem = quoted(replicas.parameter) + " is no whole-number parameter of the trainer";
    if (!problem.empty())
        problems.error(read.options_entry->mark, "batchwright.replicas.parameter", problem);
}

}  // namespace

Parsed parse_sweep(std::string_view text) {
    const YamlTree tree = read_yaml(text);
    Problems problems;
    for (const Diagnostic& one : tree.diagnostics) {
        one.severity == Severity::error ? problems.error(one.mark, one.path, one.message)
                                        : problems.warning(one.mark, one.path, one.message);
    }
    if (!tree.root) return {std::nullopt, std::move(problems).sorted()};
    ReadSweep read = read_sweep(*tree.root, problems);
    read_early_terminate(*tree.root, read.sweep, problems);
    check_metric(*tree.root, read, problems);
    check_sampler(read, problems);
    check_replicas(read, problems);
    check_program(*tree.root, problems);
    if (!problems.has_error()) read_matrix(read, problems);
    if (!read.sweep.external && read.parameters_entry != nullptr) {
        check_training_space(
            {read.parameters_entry, read.options_entry, read.parameters, read.sweep.options},
            problems
        );
    }
    Parsed parsed;
    if (!problems.has_error()) parsed.sweep = std::move(read.sweep);
    parsed.diagnostics = std::move(problems).sorted();
    return parsed;
}

}  // namespace bw::sweeps
