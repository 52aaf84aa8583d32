// `ask` and `tell`: a searcher of the user's own. Both print JSON, which is what programs read.
#include <cstdio>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/sweep_file.h"
#include "cli/verbs.h"
#include "coordinator/coordinator.h"

namespace bw::cli {

namespace {

struct Given {
    ServiceOptions service;
    std::string sweep;
    std::string file = "-";
};

int print(const Result<Json>& answer) {
    if (!answer) return give_up(answer.error());
    std::printf("%s\n", answer->dump().c_str());
    return coordinator::kExitOk;
}

Result<std::string> path_of(const Given& given, const char* verb) {
    const auto selected = select(given.service, given.sweep);
    if (!selected) return selected.error();
    return "/api/v1/sweeps/" + (*selected)["sweep"].dump() + verb;
}

int ask_for_points(const Given& given) {
    const auto path = path_of(given, "/ask");
    return path ? print(ask(given.service, *path)) : give_up(path.error());
}

Result<std::string> read_input(const std::string& file) {
    if (file != "-") return read_file(file);
    return std::string(std::istreambuf_iterator<char>(std::cin), {});
}

int tell_points(const Given& given) {
    const auto text = read_input(given.file);
    if (!text) return give_up(text.error());
    Json body = Json::parse(*text, nullptr, false);
    if (body.is_discarded())
        return give_up(fail(Errc::invalid_input, given.file + ": expected JSON"));
    if (body.is_array()) body = Json{{"points", std::move(body)}};
    const auto path = path_of(given, "/tell");
    return path ? print(tell(given.service, *path, body)) : give_up(path.error());
}

CLI::App* add_one(
    CLI::App& app,
    const char* name,
    const char* help,
    const std::shared_ptr<Given>& given,
    Action& action,
    int (*carry_out)(const Given&)
) {
    CLI::App* command = app.add_subcommand(name, help);
    add_service_options(*command, given->service);
    command->add_option("what", given->sweep, "last, or a sweep's number or name")->required();
    command->callback([given, carry_out, &action] {
        action = [given, carry_out] { return carry_out(*given); };
    });
    return command;
}

}  // namespace

void add_ask_tell(CLI::App& app, Action& action) {
    add_one(
        app,
        "ask",
        "How many points a sweep can take now, and its results so far",
        std::make_shared<Given>(),
        action,
        ask_for_points
    );
    const auto given = std::make_shared<Given>();
    CLI::App* command =
        add_one(app, "tell", "Give a searched sweep its next points", given, action, tell_points);
    command->add_option(
        "file",
        given->file,
        "JSON: a list of points, or {first, points, end}; - is the standard input"
    );
}

}  // namespace bw::cli
