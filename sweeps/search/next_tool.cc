#include "sweeps/search/next_tool.h"

#include <utility>

#include "sweeps/grid.h"
#include "sweeps/points.h"
#include "sweeps/run_record.h"
#include "sweeps/search/next_points.h"
#include "sweeps/search/suggest.h"
#include "sweeps/tool_document.h"
#include "sweeps/yaml_reader.h"

namespace bw::search {
namespace {

using sweeps::Compat;
using sweeps::Sweep;
using sweeps::ToolResult;
using sweeps::Value;

RunRecord record_of(const Sweep& sweep, const sweeps::RunRecord& run, const std::string& metric) {
    RunRecord record;
    record.state = run.state;
    record.history = run.metric_history(metric);
    const std::vector<double> all = run.metric_values(metric);
    if (all.size() > record.history.size()) record.summary = all.back();
    for (const sweeps::Parameter& parameter : sweep.parameters) {
        const Value* value = sweeps::find_run_value(run, parameter.levels);
        if (value != nullptr) sweeps::put_nested(record.params, parameter.levels, *value);
    }
    return record;
}

ToolResult suggestions(
    const Sweep& sweep,
    const std::vector<sweeps::RunRecord>& runs,
    const sweeps::NextOptions& options,
    std::optional<std::uint64_t> seed
) {
    const sweeps::Metric metric = sweep.metric.value_or(sweeps::Metric{});
    std::vector<RunRecord> records;
    for (const sweeps::RunRecord& run : runs) records.push_back(record_of(sweep, run, metric.name));
    const Valueless valueless =
        options.compat == Compat::wandb ? Valueless::zero : Valueless::worst;
    const Request request{
        .sampler = sampler_for(sweep),
        .seed = seed.value_or(sweep.options.seed),
        .ordinal = runs.size()};
    const Space space(sweep.parameters);
    sweeps::List list;
    for (Assignment& params :
         suggest_many(space, evidence_of(metric, records, valueless), request, options.n)) {
        list.push_back(Value{std::move(params)});
    }
    return {sweeps::to_json(Value{sweeps::Map{{"suggestions", Value{std::move(list)}}}}), 0};
}

}  // namespace

ToolResult next_tool(
    std::string_view text,
    std::string_view runs_text,
    const sweeps::NextOptions& options,
    std::optional<std::uint64_t> seed
) {
    const sweeps::ToolDocument document = sweeps::read_document(text, options.compat);
    const bool is_ours = !document.refused && sweeps::is_searched(document.sweep) &&
                         document.sweep.method != sweeps::Method::custom &&
                         options.explain == sweeps::NextOptions::Explain::no;
    if (!is_ours) return sweeps::next_tool(text, runs_text, options);
    const sweeps::YamlTree tree = sweeps::read_yaml(runs_text);
    if (!tree.root) return sweeps::next_tool(text, runs_text, options);  // which says what is wrong
    const auto runs = sweeps::read_runs(sweeps::to_value(*tree.root));
    if (!runs) return sweeps::next_tool(text, runs_text, options);
    return suggestions(document.sweep, *runs, options, seed);
}

}  // namespace bw::search
