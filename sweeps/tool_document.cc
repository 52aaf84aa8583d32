#include "sweeps/tool_document.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "sweeps/problems.h"
#include "sweeps/sweep_reader.h"
#include "sweeps/yaml_reader.h"

namespace bw::sweeps {
namespace {

std::vector<Parameter> grid_axes(std::vector<Parameter> parameters) {
    for (Parameter& parameter : parameters) {
        if (parameter.distribution == Distribution::categorical)
            parameter.values = distinct_values(parameter.values);
    }
    return parameters;
}

// Replaces what the default reading made of the space by what the package would.
void read_as_wandb(ToolDocument& out) {
    out.refused = out.wandb.has_value();
    const auto* top = std::get_if<Map>(&out.document.data);
    const Value* method = top == nullptr ? nullptr : find_value(*top, "method");
    const Value* parameters = top == nullptr ? nullptr : find_value(*top, "parameters");
    const auto* space = parameters == nullptr ? nullptr : std::get_if<Map>(&parameters->data);
    if (space == nullptr) return;
    out.raw = wandb_space(*space).parameters;
    const bool grid = method != nullptr && *method == text_value("grid");
    out.sweep.parameters = grid ? grid_axes(out.raw) : out.raw;
}

}  // namespace

ToolDocument read_document(std::string_view text, Compat compat) {
    ToolDocument out;
    YamlTree tree = read_yaml(text);
    out.diagnostics = std::move(tree.diagnostics);
    out.readable = tree.root.has_value();
    out.refused = !out.readable;
    if (!out.readable) return out;
    Problems problems;
    ReadSweep read = read_sweep(*tree.root, problems);
    for (const ReadParameter& one : read.parameters) out.raw.push_back(one.parameter);
    out.sweep = std::move(read.sweep);
    out.document = to_value(*tree.root);
    out.wandb = wandb_run_error(out.document);
    out.refused = problems.has_error();
    for (Diagnostic& one : std::move(problems).sorted()) out.diagnostics.push_back(std::move(one));
    if (compat == Compat::wandb) read_as_wandb(out);
    return out;
}

Value diagnostics_value(const std::vector<Diagnostic>& diagnostics) {
    List list;
    for (const Diagnostic& one : diagnostics) {
        list.push_back(Value{Map{
            {"severity", text_value(one.severity == Severity::error ? "error" : "warning")},
            {"line", Value{std::int64_t{one.mark.line}}},
            {"column", Value{std::int64_t{one.mark.column}}},
            {"path", Value{one.path}},
            {"message", Value{one.message}},
        }});
    }
    return Value{std::move(list)};
}

Value refusal(const ToolDocument& document, Compat compat) {
    std::string message;
    for (const Diagnostic& one : document.diagnostics) {
        if (one.severity != Severity::error || !message.empty()) continue;
        message = (one.path.empty() ? "" : one.path + ": ") + one.message;
    }
    if (compat == Compat::wandb && document.wandb) message = document.wandb->message;
    Value out = refusal(message, document.wandb);
    std::get<Map>(out.data).emplace_back("diagnostics", diagnostics_value(document.diagnostics));
    return out;
}

Value refusal(const std::string& message, const std::optional<WandbError>& wandb) {
    Map map;
    map.emplace_back("error", Value{message});
    if (wandb) {
        map.emplace_back("wandb_error", Value{wandb->message});
        map.emplace_back("wandb_error_type", Value{wandb->type});
    }
    return Value{std::move(map)};
}

ToolResult refused(const Value& refusal) { return {to_json(refusal), 2}; }

Value text_value(std::string_view text) { return Value{std::string(text)}; }

Value integer_value(std::uint64_t number) {
    constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    return number <= kMax ? Value{static_cast<std::int64_t>(number)}
                          : Value{static_cast<double>(number)};
}

Value number_list(const std::vector<double>& numbers) {
    List list;
    for (const double number : numbers) list.push_back(Value{number});
    return Value{std::move(list)};
}

}  // namespace bw::sweeps
