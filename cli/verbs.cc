#include "cli/verbs.h"

#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>

#include "cli/tables.h"
#include "coordinator/coordinator.h"
#include "coordinator/http/uri.h"

namespace bw::cli {

namespace {

enum class Takes { nothing, selector, agent };

struct Given {
    ServiceOptions service;
    std::string what;  // the selector or the agent
    std::string state, reason;
    int limit = 0, offset = 0, world_size = 0;
    bool failed = false;
};

using Text = std::string (*)(const Json&);

struct Verb {
    const char* name;
    const char* help;
    Takes takes;
    bool is_command;   // POST
    const char* path;  // behind the sweep's, job's or agent's path
    Text text;
    const char* extras;  // names of the options that it knows besides
};

constexpr Verb kVerbs[] = {
    {"list",
     "The sweeps, newest first",
     Takes::nothing,
     false,
     "/api/v1/sweeps",
     sweeps_text,
     "limit offset state"},
    {"show",
     "A sweep, a point, or points (SWEEP/*)",
     Takes::selector,
     false,
     "",
     nullptr,
     "limit offset state"},
    {"explain",
     "Why points are where they are",
     Takes::selector,
     false,
     "/explain",
     explain_text,
     ""},
    {"leaderboard",
     "The points of a sweep, best first",
     Takes::selector,
     false,
     "/leaderboard",
     leaderboard_text,
     "limit offset"},
    {"agents",
     "Who offers slots, and what runs there",
     Takes::nothing,
     false,
     "/api/v1/agents",
     agents_text,
     "state"},
    {"pause", "Stop with a checkpoint and hold", Takes::selector, true, "/pause", command_text, ""},
    {"resume",
     "Go on with what is paused",
     Takes::selector,
     true,
     "/resume",
     command_text,
     "world-size"},
    {"cancel", "End for good", Takes::selector, true, "/cancel", command_text, ""},
    {"retry",
     "Run again what ended without success",
     Takes::selector,
     true,
     "/retry",
     command_text,
     "failed"},
    {"drain",
     "Move all work away from an agent and hold it",
     Takes::agent,
     true,
     "/drain",
     agent_command_text,
     "reason"},
    {"return",
     "A drained agent takes work again",
     Takes::agent,
     true,
     "/return",
     agent_command_text,
     ""},
};

bool knows(const Verb& verb, const std::string& option) {
    return (" " + std::string(verb.extras) + " ").find(" " + option + " ") != std::string::npos;
}

std::string query_of(const Verb& verb, const Given& given) {
    std::string query;
    const auto add = [&query](const std::string& key, const std::string& value) {
        query += (query.empty() ? "?" : "&") + key + "=" + http::encode(value);
    };
    if (knows(verb, "limit") && given.limit > 0) add("limit", std::to_string(given.limit));
    if (knows(verb, "offset") && given.offset > 0) add("offset", std::to_string(given.offset));
    if (knows(verb, "state") && !given.state.empty()) add("state", given.state);
    return query;
}

Json body_of(const Given& given) {
    Json body = Json::object();
    if (given.world_size > 0) body["world_size"] = given.world_size;
    if (given.failed) body["states"] = {"failed"};
    if (!given.reason.empty()) body["reason"] = given.reason;
    return body;
}

int print(const Given& given, const Result<Json>& answer, Text text) {
    if (!answer) return give_up(answer.error());
    const std::string shown = given.service.json ? answer->dump() + "\n" : text(*answer);
    std::fputs(shown.c_str(), stdout);
    return coordinator::kExitOk;
}

// `show`: the selector says which of three documents.
int show(const Verb& verb, const Given& given) {
    const auto selected = select(given.service, given.what);
    if (!selected) return give_up(selected.error());
    const std::string path = (*selected)["path"].get<std::string>();
    const Json& points = (*selected)["points"];
    const bool filtered = given.limit > 0 || given.offset > 0 || !given.state.empty();
    if (points.is_null() && !filtered) return print(given, ask(given.service, path), sweep_text);
    const bool single =
        points.is_string() &&
        points.get<std::string>().find_first_not_of("0123456789") == std::string::npos;
    if (single) return print(given, ask(given.service, path), job_text);
    std::string query = query_of(verb, given);
    if (points.is_string()) {
        query += (query.empty() ? "?" : "&") + std::string("points=") +
                 http::encode(points.get<std::string>());
    }
    const std::string list = "/api/v1/sweeps/" + (*selected)["sweep"].dump() + "/jobs";
    return print(given, ask(given.service, list + query), jobs_text);
}

int carry_out(const Verb& verb, const Given& given) {
    if (verb.text == nullptr) return show(verb, given);
    std::string path = verb.path;
    if (verb.takes == Takes::agent) path = "/api/v1/agents/" + http::encode(given.what) + path;
    if (verb.takes == Takes::selector) {
        const auto selected = select(given.service, given.what);
        if (!selected) return give_up(selected.error());
        path = (*selected)["path"].get<std::string>() + path;
    }
    if (verb.is_command) return print(given, tell(given.service, path, body_of(given)), verb.text);
    return print(given, ask(given.service, path + query_of(verb, given)), verb.text);
}

void add_extras(CLI::App& command, const Verb& verb, Given& given) {
    if (knows(verb, "limit"))
        command.add_option("--limit", given.limit, "Rows at most")->check(CLI::Range(1, 10'000));
    if (knows(verb, "offset"))
        command.add_option("--offset", given.offset, "Rows to skip")->check(CLI::NonNegativeNumber);
    if (knows(verb, "state")) command.add_option("--with-state", given.state, "Only in this state");
    if (knows(verb, "world-size")) {
        command.add_option("--world-size", given.world_size, "Ranks from now on")
            ->check(CLI::PositiveNumber);
    }
    if (knows(verb, "failed"))
        command.add_flag("--failed", given.failed, "Only failed ones, not refused or cancelled");
    if (knows(verb, "reason")) command.add_option("--reason", given.reason, "Shown to others");
}

void add_verb(CLI::App& app, const Verb& verb, Action& action) {
    const auto given = std::make_shared<Given>();
    CLI::App* command = app.add_subcommand(verb.name, verb.help);
    add_service_options(*command, given->service);
    if (verb.takes == Takes::selector) {
        command
            ->add_option(
                "what", given->what, "last, a sweep's number or name, SWEEP/3, SWEEP/1,4-7, SWEEP/*"
            )
            ->required();
    }
    if (verb.takes == Takes::agent)
        command->add_option("agent", given->what, "Its name")->required();
    add_extras(*command, verb, *given);
    command->callback([given, &verb, &action] {
        action = [given, &verb] { return carry_out(verb, *given); };
    });
}

void add_logs(CLI::App& app, Action& action) {
    const auto options = std::make_shared<LogsOptions>();
    CLI::App* command = app.add_subcommand("logs", "What a point's rank printed");
    add_service_options(*command, options->service);
    command->add_option("what", options->selector, "SWEEP/ORDINAL")->required();
    command->add_flag("-f,--follow", options->follow, "Go on until the point has ended");
    command->add_option("--rank", options->rank, "Which rank")->check(CLI::NonNegativeNumber);
    command->add_option("--attempt", options->attempt, "Which attempt (default: the newest)")
        ->check(CLI::PositiveNumber);
    command->add_option("--lines", options->lines, "The last so many lines")
        ->capture_default_str()
        ->check(CLI::Range(0, 100'000));
    command->callback([options, &action] { action = [options] { return logs(*options); }; });
}

void add_wait(CLI::App& app, Action& action) {
    const auto options = std::make_shared<WaitOptions>();
    CLI::App* command =
        app.add_subcommand("wait", "Until a sweep or a point has ended; exit status as run");
    add_service_options(*command, options->service);
    command->add_option("what", options->selector, "last, SWEEP or SWEEP/ORDINAL")->required();
    command->callback([options, &action] { action = [options] { return wait(*options); }; });
}

void add_submit(CLI::App& app, Action& action) {
    const auto options = std::make_shared<SubmitOptions>();
    CLI::App* command = app.add_subcommand("submit", "Hand a sweep to a running coordinator");
    add_service_options(*command, options->service);
    command->add_option("file", options->file, "The sweep file (YAML)")->required();
    command->add_flag("--fresh", options->fresh, "Start anew even if this sweep is known");
    command->add_flag("--wait", options->wait, "Then wait for its end");
    command->callback([options, &action] { action = [options] { return submit(*options); }; });
}

void add_verify(CLI::App& app, Action& action) {
    const auto given = std::make_shared<Given>();
    CLI::App* command =
        app.add_subcommand("verify", "Prove from the journal that every point ended exactly once");
    add_service_options(*command, given->service);
    command->add_option("what", given->what, "last, or a sweep's number or name")->required();
    command->callback([given, &action] {
        action = [given] { return verify(given->service, given->what); };
    });
}

}  // namespace

void add_verbs(CLI::App& app, Action& action) {
    add_submit(app, action);
    for (const Verb& verb : kVerbs) add_verb(app, verb, action);
    add_logs(app, action);
    add_wait(app, action);
    add_verify(app, action);
    add_ask_tell(app, action);
}

}  // namespace bw::cli
