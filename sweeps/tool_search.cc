#include <algorithm>
#include <cmath>

#include "sweeps/grid.h"
#include "sweeps/grid_next.h"
#include "sweeps/hyperband.h"
#include "sweeps/observations.h"
#include "sweeps/points.h"
#include "sweeps/tool_document.h"
#include "sweeps/yaml_reader.h"

namespace bw::sweeps {
namespace {

Result<std::vector<RunRecord>> runs_of(std::string_view text) {
    const YamlTree tree = read_yaml(text);
    if (!tree.root)
        return fail(Errc::invalid_input, "runs: " + render(tree.diagnostics.front(), "the file"));
    return read_runs(to_value(*tree.root));
}

Value rows_value(const std::vector<std::vector<double>>& rows) {
    List list;
    for (const auto& row : rows) list.push_back(number_list(row));
    return Value{std::move(list)};
}

Value names_value(const std::vector<std::string>& names) {
    List list;
    for (const std::string& name : names) list.push_back(Value{name});
    return Value{std::move(list)};
}

List grid_suggestions(const Sweep& sweep, const std::vector<RunRecord>& runs, std::uint64_t n) {
    List out;
    for (const std::uint64_t ordinal : grid_next(sweep.parameters, runs, n)) {
        out.push_back(Value{grid_params(sweep.parameters, ordinal)});
    }
    if (out.size() < n) out.push_back(Value{nullptr});
    return out;
}

// The ordinal is the number of runs so far, so that ten single calls suggest what one call for ten
// does.
List random_suggestions(const Sweep& sweep, const std::vector<RunRecord>& runs, std::uint64_t n) {
    List out;
    for (std::uint64_t i = 0; i < n; ++i)
        out.push_back(Value{random_params(sweep, runs.size() + i)});
    return out;
}

ToolResult explain(
    const ToolDocument& document, const std::vector<RunRecord>& runs, const NextOptions& options
) {
    const auto& top = std::get<Map>(document.document.data);
    const WandbMetric metric = wandb_metric(top, "Bayesian search requires \"metric\" section");
    if (metric.error) return refused(refusal("metric: " + metric.error->message, metric.error));
    const FalsyValues falsy =
        options.compat == Compat::wandb ? FalsyValues::skipped : FalsyValues::encoded;
    const Observations seen = observations(document.raw, metric, runs, falsy);
    if (seen.error) return refused(refusal(seen.error->message, seen.error));
    const Value out{Map{
        {"param_order", names_value(seen.names)},
        {"observed_X", rows_value(seen.observed)},
        {"observed_y_minimise", number_list(seen.minimised)},
        {"pending_X", rows_value(seen.pending)},
        {"warnings", Value{seen.warning}},
    }};
    return {to_json(out), 0};
}

Value bands_value(const std::vector<double>& bands) {
    List list;
    for (const double band : bands) {
        const bool exact = std::fabs(band) < 4.6e18;
        list.push_back(exact ? Value{static_cast<std::int64_t>(band)} : Value{band});
    }
    return Value{std::move(list)};
}

}  // namespace

ToolResult next_tool(
    std::string_view sweep, std::string_view runs_text, const NextOptions& options
) {
    const ToolDocument document = read_document(sweep, options.compat);
    if (document.refused) return refused(refusal(document, options.compat));
    const auto runs = runs_of(runs_text);
    if (!runs) return refused(refusal(runs.error().message, std::nullopt));
    if (options.explain == NextOptions::Explain::yes) return explain(document, *runs, options);
    List suggestions;
    switch (document.sweep.method) {
        case Method::grid:
            suggestions = grid_suggestions(document.sweep, *runs, options.n);
            break;
        case Method::random:
            suggestions = random_suggestions(document.sweep, *runs, options.n);
            break;
        case Method::bayes:
        case Method::custom:
            return refused(refusal(
                "method: the next points come from a searcher, not from the file alone",
                std::nullopt
            ));
    }
    return {to_json(Value{Map{{"suggestions", Value{std::move(suggestions)}}}}), 0};
}

ToolResult stop_check_tool(std::string_view sweep, std::string_view runs_text, Compat compat) {
    const ToolDocument document = read_document(sweep, Compat::none);
    if (!document.readable) return refused(refusal(document, compat));
    const auto runs = runs_of(runs_text);
    if (!runs) return refused(refusal(runs.error().message, std::nullopt));
    const StopReport report = stop_check(document.document, *runs);
    if (report.error) {
        const bool lacks_s = report.error->type == "KeyError";
        const std::string ours = lacks_s ? "early_terminate: max_iter needs s, the number of bands"
                                         : report.error->message;
        return refused(refusal(compat == Compat::wandb ? report.error->message : ours, report.error)
        );
    }
    const bool metric_wrong = std::any_of(
        document.diagnostics.begin(),
        document.diagnostics.end(),
        [](const Diagnostic& d) {
            return d.severity == Severity::error && d.path.starts_with("metric");
        }
    );
    if (compat == Compat::none && metric_wrong) return refused(refusal(document, compat));
    const Value out{Map{
        {"bands", bands_value(report.hyperband.bands)},
        {"bands_total", integer_value(report.hyperband.bands.size())},
        {"thresholds", number_list(report.thresholds)},
        {"stop", names_value(report.stop)},
        {"filled", Value{report.hyperband.filled}},
        {"metric", Value{report.metric}},
    }};
    return {to_json(out), 0};
}

}  // namespace bw::sweeps
