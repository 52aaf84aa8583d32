#include "coordinator/api/commands.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/text.h"
#include "coordinator/api/body.h"
#include "coordinator/api/selectors.h"
#include "coordinator/http/json_text.h"

namespace bw::api {

namespace {

using core::JobState;

// What a command is about, found in the replica.
struct Target {
    SweepId sweep;
    std::string sweep_name;
    bool whole = false;       // the sweep itself, points to come included
    std::vector<JobId> jobs;  // those that the command can change, or that were named
};

// What can be seen of a job that a command may change.
struct Look {
    std::uint64_t ordinal = 0;
    JobState state = JobState::queued;
    std::optional<core::StopKind> stopping;
    int world_size = 0;
    std::string reason;
};

struct Outcome {
    Target target;
    std::vector<Look> before, after;  // of target.jobs
    bool paused = false, over = false;
};

Look look_at(const core::State& state, JobId id) {
    const core::JobRecord& job = state.jobs.at(id);
    const core::AttemptRecord* live = core::live_attempt(job);
    Look look{job.ordinal, job.state, std::nullopt, job.world_size, job.reason};
    if (live != nullptr) look.stopping = live->stopping;
    return look;
}

bool is_same(const Look& a, const Look& b) {
    return a.state == b.state && a.stopping == b.stopping && a.world_size == b.world_size;
}

std::vector<Look> look_at_all(const core::State& state, const std::vector<JobId>& jobs) {
    std::vector<Look> looks;
    looks.reserve(jobs.size());
    for (const JobId id : jobs) looks.push_back(look_at(state, id));
    return looks;
}

bool can_change(Verb verb, const core::JobRecord& job, const Command& command) {
    if (verb != Verb::retry) return !core::is_terminal(job.state);
    if (!core::is_unsuccessful(job.state)) return false;
    return command.states.empty() ||
           std::ranges::find(command.states, core::name_of(job.state)) != command.states.end();
}

Result<Target> find_target(
    const core::State& state, Verb verb, const Call& call, const Command& command
) {
    const auto sweep = pick_sweep(state, call.at("sweep"));
    if (!sweep) return sweep.error();
    Target target{(*sweep)->id, name_of(**sweep), true, {}};
    const auto points = call.segments.find("points");
    if (points != call.segments.end() && points->second != "*") {
        const auto jobs = pick_jobs(state, **sweep, points->second);
        if (!jobs) return jobs.error();
        target.whole = false;
        target.jobs = *jobs;
        // A filter takes out of what was named; without one everything that was named is told of.
        std::erase_if(target.jobs, [&](JobId id) {
            return !command.states.empty() && !can_change(verb, state.jobs.at(id), command);
        });
        return target;
    }
    for (const JobId id : (*sweep)->jobs) {
        if (can_change(verb, state.jobs.at(id), command)) target.jobs.push_back(id);
    }
    return target;
}

core::Input input_of(Verb verb, const Target& target, const Command& command) {
    core::Selection selection{target.sweep, {}};
    if (!target.whole || verb == Verb::retry) selection.jobs = target.jobs;
    switch (verb) {
        case Verb::pause:
            return core::PauseJobs{selection};
        case Verb::resume:
            return core::ResumeJobs{selection, command.world_size};
        case Verb::cancel:
            return core::CancelJobs{selection};
        case Verb::retry:
            return core::RetryJobs{selection};
    }
    return core::Tick{};
}

Json change_json(const Look& before, const Look& after) {
    return {
        {"ordinal", after.ordinal},
        {"before", core::name_of(before.state)},
        {"after", core::name_of(after.state)},
        {"stopping", after.stopping ? Json(core::name_of(*after.stopping)) : Json(nullptr)},
        {"world_size", after.world_size == 0 ? Json(nullptr) : Json(after.world_size)},
    };
}

// A job that stayed as it was: why the command has nothing to do with it.
std::string why_unchanged(Verb verb, const Look& look) {
    const std::string state = core::name_of(look.state);
    if (verb == Verb::retry) {
        if (!core::is_terminal(look.state)) return "it has not ended (" + state + ")";
        return core::is_unsuccessful(look.state) ? look.reason : "it is " + state;
    }
    if (core::is_terminal(look.state)) return "it has ended (" + state + ")";
    if (verb == Verb::resume) return "it is not paused (" + state + ")";
    return look.stopping ? "it is being stopped already" : "it is " + state + " already";
}

Json outcome_json(Verb verb, const Outcome& outcome) {
    Json changed = Json::array(), unchanged = Json::array();
    for (std::size_t i = 0; i < outcome.after.size(); ++i) {
        const Look& before = outcome.before[i];
        const Look& after = outcome.after[i];
        if (!is_same(before, after)) {
            changed.push_back(change_json(before, after));
        } else if (!outcome.target.whole) {
            unchanged.push_back(
                {{"ordinal", after.ordinal},
                 {"state", core::name_of(after.state)},
                 {"why", why_unchanged(verb, after)}}
            );
        }
    }
    return {
        {"sweep", outcome.target.sweep.value},
        {"name", outcome.target.sweep_name},
        {"command", name_of(verb)},
        {"changed", std::move(changed)},
        {"unchanged", std::move(unchanged)},
        {"paused", outcome.paused},
        {"over", outcome.over},
    };
}

void carry_out(
    Verb verb,
    const CorePort& core,
    Replica& replica,
    const Command& command,
    Target target,
    http::Reply reply
) {
    const auto outcome = std::make_shared<Outcome>();
    outcome->target = std::move(target);
    const std::vector<JobId>& jobs = outcome->target.jobs;
    outcome->before = look_at_all(core.state(), jobs);
    // No jobs in a selection means the whole sweep: nothing to retry must not become that.
    const bool nothing = jobs.empty() && (verb == Verb::retry || !outcome->target.whole);
    const core::Input input =
        nothing ? core::Input(core::Tick{}) : input_of(verb, outcome->target, command);
    core.submit(input, [outcome, verb, &replica, reply](const core::State&) {
        replica.ask<http::Response>(
            [outcome, verb](const Books&) {
                return http::Response{
                    200, http::to_text(outcome_json(verb, *outcome)), "application/json"};
            },
            reply
        );
    });
    // Decided by now, durable later: what is seen here is this command's doing and no other's.
    outcome->after = look_at_all(core.state(), jobs);
    const core::SweepRecord& sweep = core.state().sweeps.at(outcome->target.sweep);
    outcome->paused = sweep.paused;
    outcome->over = sweep.ended;
}

}  // namespace

std::string_view name_of(Verb verb) {
    switch (verb) {
        case Verb::pause:
            return "pause";
        case Verb::resume:
            return "resume";
        case Verb::cancel:
            return "cancel";
        case Verb::retry:
            return "retry";
    }
    return "unknown";
}

void command_jobs(
    Verb verb, const CorePort& core, Replica& replica, const Call& call, http::Reply reply
) {
    const auto read = read_command(verb, call.body);
    if (!read) return reply(error_of(read.error()));
    const Command command = *read;
    replica.ask<Result<Target>>(
        [verb, call, command](const Books& books) {
            return find_target(books.state, verb, call, command);
        },
        [verb, &core, &replica, command, reply](Result<Target> target) {
            if (!target) return reply(error_of(target.error()));
            carry_out(verb, core, replica, command, std::move(*target), reply);
        }
    );
}

void command_agent(AgentVerb verb, const CorePort& core, const Call& call, http::Reply reply) {
    const auto reason = read_reason(call.body);
    if (!reason) return reply(error_of(reason.error()));
    const auto agent = pick_agent(core.state(), call.at("agent"));
    if (!agent) return reply(error_of(agent.error()));
    if (!(*agent)->live) {
        return reply(error_of(fail(
            Errc::refused,
            "agent " + bw::quoted((*agent)->name) +
                " is lost: it has no slots to drain or to return; start its worker again"
        )));
    }
    const AgentId id = (*agent)->id;
    std::vector<JobId> jobs;
    for (const auto& attempt : (*agent)->busy) {
        if (attempt) jobs.push_back(attempt->job);
    }
    std::ranges::sort(jobs);
    jobs.erase(std::ranges::unique(jobs).begin(), jobs.end());
    const auto body = std::make_shared<Json>();
    const core::Input input = verb == AgentVerb::drain
                                  ? core::Input(core::DrainAgent{id, 0, *reason})
                                  : core::Input(core::ReturnAgent{id});
    core.submit(input, [body, reply](const core::State&) {
        reply({200, http::to_text(*body), "application/json"});
    });
    *body = agent_json(core.state(), core.state().agents.at(id));
    Json stopped = Json::array();
    for (const JobId job : jobs) {
        const Look look = look_at(core.state(), job);
        stopped.push_back(
            {{"sweep", core.state().jobs.at(job).sweep.value},
             {"ordinal", look.ordinal},
             {"state", core::name_of(look.state)}}
        );
    }
    (*body)["running_there"] = std::move(stopped);
}

}  // namespace bw::api
