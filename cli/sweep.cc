// `batchwright sweep ...`: the language's tools (sweeps/tooling.h) on files.
#include <cstdio>
#include <cstdlib>
#include <functional>

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/sweep_commands.h"
#include "cli/sweep_file.h"
#include "sweeps/search/next_tool.h"
#include "sweeps/tooling.h"

namespace bw::cli {

namespace {

using sweeps::Compat;
using sweeps::ToolResult;

int print(const ToolResult& result) {
    std::printf("%s\n", result.json.c_str());
    return result.exit_code;
}

Compat compat_of(const SweepToolOptions& options) {
    return options.compat == "wandb" ? Compat::wandb : Compat::none;
}

// Runs a tool on the text of the sweep file, and of a second file when it needs one.
int on_files(
    const SweepToolOptions& options,
    const std::string& second_path,
    const std::function<int(const std::string& sweep, const std::string& second)>& tool
) {
    const auto sweep = read_file(options.file);
    if (!sweep) return report(sweep.error());
    const auto second =
        second_path.empty() ? Result<std::string>(std::string()) : read_file(second_path);
    if (!second) return report(second.error());
    return tool(*sweep, *second);
}

CLI::App* add_tool(
    CLI::App& sweep,
    SweepToolOptions& options,
    Action& action,
    const char* name,
    const char* help,
    int (*run)(const SweepToolOptions&)
) {
    CLI::App* tool = sweep.add_subcommand(name, help);
    tool->add_option("file", options.file, "The sweep file, YAML or JSON")->required();
    tool->add_option("--format", options.format, "Output format")
        ->check(CLI::IsMember({"json"}))
        ->capture_default_str();
    tool->add_option("--compat", options.compat, "wandb: its reading with all quirks")
        ->check(CLI::IsMember({"none", "wandb"}));
    tool->callback([&action, &options, run] { action = [&options, run] { return run(options); }; });
    return tool;
}

int validate(const SweepToolOptions& options) {
    return on_files(options, "", [&](const std::string& text, const std::string&) {
        const auto verdict = options.strict ? sweeps::Verdict::strict : sweeps::Verdict::ours;
        const auto show = options.show_filled ? sweeps::Show::filled : sweeps::Show::verdict;
        return print(sweeps::validate_tool(text, verdict, show));
    });
}

int expand(const SweepToolOptions& options) {
    return on_files(options, "", [&](const std::string& text, const std::string&) {
        sweeps::ExpandOptions expand_options{compat_of(options), options.offset, options.limit};
        const int status = sweeps::expand_tool(text, expand_options, [](std::string_view piece) {
            fwrite(piece.data(), 1, piece.size(), stdout);
        });
        std::putchar('\n');
        return status;
    });
}

int next(const SweepToolOptions& options) {
    return on_files(
        options,
        options.runs_file,
        [&](const std::string& text, const std::string& runs) {
            sweeps::NextOptions next_options;
            next_options.compat = compat_of(options);
            next_options.n = options.n;
            if (options.explain) next_options.explain = sweeps::NextOptions::Explain::yes;
            return print(search::next_tool(
                text, options.runs_file.empty() ? "[]" : runs, next_options, options.seed
            ));
        }
    );
}

int command(const SweepToolOptions& options) {
    return on_files(
        options,
        options.params_file,
        [&](const std::string& text, const std::string& params) {
            sweeps::CommandOptions command_options;
            command_options.compat = compat_of(options);
            command_options.environment = [](std::string_view name) -> std::optional<std::string> {
                const char* value = std::getenv(std::string(name).c_str());
                return value == nullptr ? std::nullopt : std::optional<std::string>(value);
            };
            return print(sweeps::command_tool(text, params, command_options));
        }
    );
}

int quantile(const SweepToolOptions& options) {
    return on_files(options, "", [&](const std::string& text, const std::string&) {
        return print(sweeps::quantile_tool(text, options.u, options.x, compat_of(options)));
    });
}

int stop_check(const SweepToolOptions& options) {
    return on_files(
        options,
        options.runs_file,
        [&](const std::string& text, const std::string& runs) {
            return print(sweeps::stop_check_tool(text, runs, compat_of(options)));
        }
    );
}

int describe(const SweepToolOptions& options) {
    return on_files(options, "", [&](const std::string& text, const std::string&) {
        return print(sweeps::describe_tool(text, compat_of(options)));
    });
}

// What a file says.
void add_language_tools(CLI::App& sweep, SweepToolOptions& options, Action& action) {
    CLI::App* tool = add_tool(sweep, options, action, "validate", "Is the file a sweep?", validate);
    tool->add_flag("--strict", options.strict, "W&B's own strict verdict");
    tool->add_flag(
        "--show-filled", options.show_filled, "Distributions and defaults as understood"
    );

    tool = add_tool(sweep, options, action, "expand", "The points, in order", expand);
    tool->add_option("--offset", options.offset, "First ordinal");
    tool->add_option("--limit", options.limit, "How many");

    tool = add_tool(sweep, options, action, "quantile", "Values at given quantiles", quantile);
    tool->add_option("--u", options.u, "Quantiles, commas between them")
        ->delimiter(',')
        ->required();
    tool->add_option("--x", options.x, "Values for the distribution function")->delimiter(',');

    add_tool(sweep, options, action, "describe", "What the file says", describe);
}

// What follows from it and from the runs so far.
void add_run_tools(CLI::App& sweep, SweepToolOptions& options, Action& action) {
    CLI::App* tool =
        add_tool(sweep, options, action, "next", "The next suggestions after these runs", next);
    tool->add_option("--runs", options.runs_file, "Runs so far (JSON)");
    tool->add_option("-n", options.n, "How many")->capture_default_str();
    tool->add_option("--seed", options.seed, "Of the search, instead of the file's");
    tool->add_flag("--explain", options.explain, "What a model-based searcher sees of the runs");

    tool = add_tool(
        sweep, options, action, "stop-check", "Which runs early stopping would stop", stop_check
    );
    tool->add_option("--runs", options.runs_file, "Runs so far (JSON)")->required();

    tool = add_tool(sweep, options, action, "command", "The command line of a point", command);
    tool->add_option("--params", options.params_file, "The point's parameters (JSON)")->required();
}

}  // namespace

void add_sweep(CLI::App& app, SweepToolOptions& options, Action& action) {
    CLI::App* sweep = app.add_subcommand("sweep", "Tools of the sweep language");
    sweep->require_subcommand(1);
    add_language_tools(*sweep, options, action);
    add_run_tools(*sweep, options, action);
    CLI::App* schema =
        sweep->add_subcommand("schema", "A JSON Schema of the language, for editors");
    schema->callback([&action] { action = [] { return print(sweeps::schema_tool()); }; });
}

}  // namespace bw::cli
