#include "sweeps/distributions.h"
#include "sweeps/parse.h"
#include "sweeps/strict.h"
#include "sweeps/tool_document.h"
#include "sweeps/wandb_schema.h"

namespace bw::sweeps {
namespace {

Value violations_value(const StrictReport& report) {
    List list;
    for (const std::string& one : report.violations) list.push_back(Value{one});
    return Value{std::move(list)};
}

void add_filled(
    const std::string& name, const Value& config, Map& out, std::vector<std::string>& wrong
) {
    FillResult result = fill_parameter(name, config);
    if (result.nested) {
        const Value& inner = *find_value(std::get<Map>(config.data), "parameters");
        for (const auto& [key, value] : std::get<Map>(inner.data))
            add_filled(name + "/" + key, value, out, wrong);
        return;
    }
    if (!result.filled) {
        wrong.push_back(
            result.error ? result.error->message : "invalid hyperparameter configuration: " + name
        );
        out.emplace_back(name, Value{Map{{"error", Value{wrong.back()}}}});
        return;
    }
    out.emplace_back(
        name,
        Value{Map{
            {"distribution", text_value(info_of(result.filled->distribution).name)},
            {"filled", Value{std::move(result.filled->config)}},
        }}
    );
}

// The parameters with their defaults; what cannot be read is named in its place.
Map filled_parameters(const Value& document, std::vector<std::string>& wrong) {
    Map out;
    const auto* top = std::get_if<Map>(&document.data);
    const Value* parameters = top == nullptr ? nullptr : find_value(*top, "parameters");
    const auto* map = parameters == nullptr ? nullptr : std::get_if<Map>(&parameters->data);
    if (map == nullptr) return out;
    for (const auto& [name, config] : *map) add_filled(name, config, out, wrong);
    return out;
}

}  // namespace

ToolResult validate_tool(std::string_view sweep, Verdict verdict, Show show) {
    const ToolDocument document = read_document(sweep, Compat::none);
    if (!document.readable) {
        Value out = refusal(document, Compat::none);
        Map& map = std::get<Map>(out.data);
        map.insert(map.begin(), {"valid", Value{false}});
        map.insert(
            map.begin() + 1,
            {"violations",
             Value{List{find_value(map, "error") == nullptr ? Value{} : *find_value(map, "error")}}}
        );
        return refused(out);
    }
    const StrictReport report = strict_report(document.document);
    std::vector<Diagnostic> diagnostics = document.diagnostics;
    bool valid = report.valid;
    if (verdict == Verdict::ours) {
        // With the defaults shown, the file may be for any program; else it must be one that `run`
        // takes.
        if (show == Show::verdict) diagnostics = parse_sweep(sweep).diagnostics;
        valid = !has_errors(diagnostics);
    }
    Map out = {{"valid", Value{valid}}, {"violations", violations_value(report)}};
    if (report.raised) {
        out.emplace_back(
            "raises",
            Value{
                Map{{"error_type", Value{report.raised->type}},
                    {"error", Value{report.raised->message}}}}
        );
    }
    if (show == Show::filled) {
        std::vector<std::string> wrong;
        out.emplace_back("parameters", Value{filled_parameters(document.document, wrong)});
        if (!wrong.empty()) out.emplace_back("error", Value{wrong.front()});
        if (!wrong.empty()) valid = false;
    }
    out.emplace_back("diagnostics", diagnostics_value(diagnostics));
    return {to_json(Value{std::move(out)}), valid ? 0 : 2};
}

}  // namespace bw::sweeps
