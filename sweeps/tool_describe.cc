#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.h"
#include "sweeps/command_line.h"
#include "sweeps/distributions.h"
#include "sweeps/grid.h"
#include "sweeps/hyperband.h"
#include "sweeps/python_text.h"
#include "sweeps/quantile.h"
#include "sweeps/tool_document.h"
#include "sweeps/wandb_schema.h"
#include "sweeps/yaml_reader.h"

namespace bw::sweeps {
namespace {

// Where a description shows the quantiles of a distribution.
constexpr std::array<double, 7> kShown = {0.001, 0.1, 0.25, 0.5, 0.75, 0.9, 0.999};

bool is_listed(const Parameter& p) {
    return p.distribution == Distribution::constant ||
           p.distribution == Distribution::categorical ||
           p.distribution == Distribution::categorical_w_probabilities;
}

std::optional<double> number_of(const Value& value) {
    if (const auto* number = std::get_if<std::int64_t>(&value.data))
        return static_cast<double>(*number);
    if (const auto* number = std::get_if<double>(&value.data)) return *number;
    return std::nullopt;
}

double cdf_of(const Parameter& p, const Value& value) {
    if (p.distribution == Distribution::constant) return 0;
    if (!is_listed(p)) return cdf_at(p, number_of(value).value_or(0));
    const auto place = std::find(p.values.begin(), p.values.end(), value);
    return cdf_at(p, static_cast<double>(place - p.values.begin()));
}

std::string value_type(const Parameter& p) {
    return std::holds_alternative<std::int64_t>(quantile_at(p, 0.5).data) ? "int" : "float";
}

Map quantiles(const Parameter& p, std::span<const double> u, std::span<const double> x) {
    List values;
    List cdf;
    for (const double one : u) {
        values.push_back(quantile_at(p, one));
        if (x.empty()) cdf.push_back(Value{cdf_of(p, values.back())});
    }
    for (const double one : x) cdf.push_back(Value{cdf_at(p, one)});
    Map out = {
        {"distribution", text_value(info_of(p.distribution).name)},
        {"value", Value{std::move(values)}},
        {"cdf", Value{std::move(cdf)}}};
    if (!is_listed(p)) out.emplace_back("type", Value{value_type(p)});
    return out;
}

Value parameter_value(const Parameter& p) {
    Map out = {{"name", Value{p.name}}, {"distribution", text_value(info_of(p.distribution).name)}};
    if (p.distribution == Distribution::constant) {
        out.emplace_back("value", p.values.front());
        return Value{std::move(out)};
    }
    if (is_listed(p)) {
        out.emplace_back("values", Value{p.values});
        out.emplace_back("n", integer_value(p.values.size()));
        if (!p.probabilities.empty())
            out.emplace_back("probabilities", number_list(p.probabilities));
        return Value{std::move(out)};
    }
    out.emplace_back("support", Value{List{quantile_at(p, 0), quantile_at(p, 1)}});
    List values;
    for (const double u : kShown) values.push_back(quantile_at(p, u));
    out.emplace_back("ppf_u", number_list({kShown.begin(), kShown.end()}));
    out.emplace_back("ppf", Value{std::move(values)});
    out.emplace_back("value_type", Value{value_type(p)});
    return Value{std::move(out)};
}

Value grid_value(const ToolDocument& document) {
    List axes;
    const auto& parameters = document.sweep.parameters;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        if (parameters[i].distribution == Distribution::constant) continue;
        axes.push_back(Value{
            List{Value{parameters[i].name}, integer_value(axis_size(parameters[i]))}});
    }
    return Value{Map{
        {"points", integer_value(grid_size(parameters))},
        {"raw_product", integer_value(grid_size(document.raw))},
        {"axes", Value{std::move(axes)}},
    }};
}

Value early_terminate_value(const Value& document) {
    const StopReport report = stop_check(document, {});
    if (report.error) return Value{Map{{"error", Value{report.error->message}}}};
    Map out = {{"r", Value{1.0 / report.hyperband.eta}}};
    List bands;
    for (const double band : report.hyperband.bands) {
        if (std::fabs(band) < 4.6e18) bands.push_back(Value{static_cast<std::int64_t>(band)});
    }
    out.emplace_back("bands", Value{std::move(bands)});
    out.emplace_back("bands_total", integer_value(report.hyperband.bands.size()));
    for (const auto& entry : report.hyperband.filled) out.push_back(entry);
    out.emplace_back("metric", Value{report.metric});
    return Value{std::move(out)};
}

std::string_view method_name(Method method) {
    static constexpr std::array<std::string_view, 4> kNames = {"grid", "random", "bayes", "custom"};
    return kNames[static_cast<std::size_t>(method)];
}

std::optional<List> command_of(const Map& document) {
    const Value* command = find_value(document, "command");
    const auto* list = command == nullptr ? nullptr : std::get_if<List>(&command->data);
    return list == nullptr ? std::nullopt : std::optional<List>(*list);
}

}  // namespace

ToolResult quantile_tool(
    std::string_view sweep, std::span<const double> u, std::span<const double> x, Compat compat
) {
    const ToolDocument document = read_document(sweep, compat);
    if (document.refused) return refused(refusal(document, compat));
    for (const double one : u) {
        if (!(one >= 0 && one <= 1))
            return refused(refusal(
                "u: expected numbers from 0 to 1, found " + to_json(Value{one}), std::nullopt
            ));
    }
    Map parameters;
    for (const Parameter& parameter : document.raw)
        parameters.emplace_back(parameter.name, Value{quantiles(parameter, u, x)});
    Map out = {{"u", number_list({u.begin(), u.end()})}};
    if (document.raw.size() == 1) {
        for (const auto& entry : std::get<Map>(parameters.front().second.data))
            out.push_back(entry);
    }
    out.emplace_back("parameters", Value{std::move(parameters)});
    return {to_json(Value{std::move(out)}), 0};
}

ToolResult command_tool(
    std::string_view sweep, std::string_view params, const CommandOptions& options
) {
    const YamlTree tree = read_yaml(sweep);
    const YamlTree given = read_yaml(params);
    if (!tree.root)
        return refused(
            refusal("the sweep: " + render(tree.diagnostics.front(), "file"), std::nullopt)
        );
    if (!given.root || given.root->map() == nullptr)
        return refused(refusal("the parameters: expected a map", std::nullopt));
    const Value document = to_value(*tree.root);
    const auto* top = std::get_if<Map>(&document.data);
    if (top == nullptr)
        return refused(refusal("expected a map, found " + found_text(*tree.root), std::nullopt));
    CommandInput input;
    input.command = command_of(*top);
    input.args = std::get<Map>(to_value(*given.root).data);
    input.json_file = options.json_file;
    input.environment = options.environment;
    const Value* program = find_value(*top, "program");
    if (program != nullptr) input.program = python_str(*program);
    const Value* command = find_value(*top, "command");
    if (command != nullptr && !input.command &&
        !std::holds_alternative<std::nullptr_t>(command->data)) {
        return refused(refusal("command: expected a list of words", std::nullopt));
    }
    const auto unknown =
        input.command ? unknown_macros(*input.command) : std::vector<std::string>{};
    if (options.compat == Compat::none && !unknown.empty()) {
        return refused(refusal(
            "command: unknown macro " + quoted(unknown.front()) +
                "; W&B would drop it without a word",
            std::nullopt
        ));
    }
    List argv;
    for (std::string& word : command_line(input)) argv.push_back(Value{std::move(word)});
    return {
        to_json(Value{Map{
            {"argv", Value{std::move(argv)}}, {"args_json", Value{python_json(Value{input.args})}}}}
        ),
        0};
}

ToolResult describe_tool(std::string_view sweep, Compat compat) {
    const ToolDocument document = read_document(sweep, compat);
    if (document.refused) return refused(refusal(document, compat));
    const Sweep& read = document.sweep;
    const Map& top = std::get<Map>(document.document.data);
    Map out = {{"name", Value{read.name}}, {"method", text_value(method_name(read.method))}};
    List parameters;
    for (const Parameter& parameter : document.raw)
        parameters.push_back(parameter_value(parameter));
    out.emplace_back("parameters", Value{std::move(parameters)});
    if (read.method == Method::grid) out.emplace_back("grid", grid_value(document));
    if (find_value(top, "early_terminate") != nullptr) {
        out.emplace_back("early_terminate", early_terminate_value(document.document));
    }
    for (const std::string_view key :
         {"metric", "run_cap", "program", "command", "project", "entity", "description"}) {
        if (const Value* value = find_value(top, key)) out.emplace_back(key, *value);
    }
    out.emplace_back("external", Value{read.external});
    out.emplace_back("fingerprint", Value{read.fingerprint});
    out.emplace_back("diagnostics", diagnostics_value(document.diagnostics));
    return {to_json(Value{std::move(out)}), 0};
}

}  // namespace bw::sweeps
