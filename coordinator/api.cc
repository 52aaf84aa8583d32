#include "coordinator/api.h"

#include <charconv>
#include <cmath>
#include <optional>
#include <set>
#include <utility>

#include <frames.pb.h>

#include "base/version.h"
#include "coordinator/http/json_text.h"
#include "coordinator/results/layout.h"
#include "coordinator/results/results.h"
#include "sweeps/batch_norm.h"
#include "sweeps/parse.h"
#include "sweeps/points.h"
#include "sweeps/training.h"

namespace bw::coordinator {

namespace {

std::string topic_of(SweepId sweep) { return "sweep/" + std::to_string(sweep.value); }

nlohmann::json finite_or_null(double value) {
    return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json(nullptr);
}

http::Response ok(const nlohmann::json& body) {
    return {200, http::to_text(body), "application/json", ""};
}

std::optional<std::uint64_t> read_number(std::string_view text) {
    std::uint64_t number = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool whole = error == std::errc{} && rest == text.data() + text.size();
    return whole ? std::optional(number) : std::nullopt;
}

bool is_unsuccessful(core::JobState state) {
    return state == core::JobState::failed || state == core::JobState::refused ||
           state == core::JobState::cancelled;
}

std::string render_all(
    const std::vector<sweeps::Diagnostic>& diagnostics, const std::string& file_name
) {
    std::string text;
    for (const sweeps::Diagnostic& diagnostic : diagnostics) {
        text += (text.empty() ? "" : "\n") + sweeps::render(diagnostic, file_name);
    }
    return text;
}

Result<core::SubmitSweep> read_submission(const std::string& text) {
    try {
        const nlohmann::json body = nlohmann::json::parse(text);
        core::SubmitSweep input;
        body.at("text").get_to(input.text);
        input.file_name = body.value("file_name", "sweep.yaml");
        input.fresh = body.value("fresh", false);
        return input;
    } catch (const nlohmann::json::exception&) {
        return fail(
            Errc::invalid_input,
            R"(expected {"file_name": ..., "text": the sweep file, "fresh": false})"
        );
    }
}

// The newest earlier sweep of the same file whose content was another one.
bool changed_since_last_time(
    const core::State& state, const std::string& file_name, const std::string& fingerprint
) {
    for (auto it = state.sweeps.rbegin(); it != state.sweeps.rend(); ++it) {
        if (it->second.file_name == file_name) return it->second.fingerprint != fingerprint;
    }
    return false;
}

// The job whose state an event changes, or nothing. A rank's end changes none: the event that
// follows from it does.
std::optional<JobId> changed_job(const core::Event& event) {
    if (const auto* placed = std::get_if<core::AttemptPlaced>(&event)) return placed->job;
    if (const auto* running = std::get_if<core::AttemptRunning>(&event)) return running->job;
    if (const auto* requeued = std::get_if<core::JobRequeued>(&event)) return requeued->job;
    if (const auto* ended = std::get_if<core::JobEnded>(&event)) return ended->job;
    return std::nullopt;
}

}  // namespace

Api::Api(
    Reactor& reactor,
    http::Feed& feed,
    std::filesystem::path state_dir,
    std::function<void()> shut_down
)
    : reactor_(reactor),
      feed_(feed),
      state_dir_(std::move(state_dir)),
      shut_down_(std::move(shut_down)) {}

void Api::handle(const http::Request& request, http::Reply reply) {
    static constexpr std::string_view kSweeps = "/api/v1/sweeps";
    const std::string_view path = request.path;
    if (path == "/healthz") return reply({200, "ok\n", "text/plain", ""});
    if (request.method == "POST" && path == kSweeps) return submit_sweep(request, std::move(reply));
    if (request.method == "POST" && path == "/api/v1/shutdown") {
        reply(ok({{"shutting_down", true}}));
        return shut_down_();
    }
    if (request.method == "GET" && path.starts_with(kSweeps) && path.size() > kSweeps.size() + 1) {
        const std::string_view rest = path.substr(kSweeps.size() + 1);
        const std::size_t slash = rest.find('/');
        const auto id = read_number(rest.substr(0, slash));
        const auto& sweeps = reactor_.state().sweeps;
        const auto found = id ? sweeps.find(SweepId{*id}) : sweeps.end();
        if (found == sweeps.end())
            return reply(http::error_response(404, "there is no such sweep"));
        const std::string_view what = slash == std::string_view::npos ? "" : rest.substr(slash + 1);
        return reply(about_sweep(found->second, std::string(what)));
    }
    reply(http::error_response(404, "there is no " + request.method + " " + request.path));
}

void Api::submit_sweep(const http::Request& request, http::Reply reply) {
    const auto read = read_submission(request.body);
    if (!read) return reply(http::error_response(400, read.error().message));
    const core::SubmitSweep& input = *read;
    const sweeps::Parsed parsed = sweeps::parse_sweep(input.text);
    if (!parsed.sweep)
        return reply(http::error_response(400, render_all(parsed.diagnostics, input.file_name)));
    if (parsed.sweep->external) {
        return reply(http::error_response(
            400,
            input.file_name + ": programs of your own (program, command) cannot be run by this "
                              "release; the built-in trainer needs a parameter \"model\""
        ));
    }
    const std::string fingerprint = parsed.sweep->fingerprint;
    const bool known = !input.fresh && core::find_sweep(reactor_.state(), fingerprint) != nullptr;
    const bool changed = changed_since_last_time(reactor_.state(), input.file_name, fingerprint);
    reactor_.submit(input, [reply, fingerprint, known, changed](const core::State& state) {
        const core::SweepRecord* sweep = core::find_sweep(state, fingerprint);
        if (sweep == nullptr) return reply(http::error_response(500, "the sweep was not accepted"));
        const auto total = sweeps::point_count(*sweep->sweep);
        reply(ok({
            {"sweep", sweep->id.value},
            {"name", sweep->sweep->name},
            {"known", known},
            {"ended", sweep->ended},
            {"changed", changed},
            {"total", total ? nlohmann::json(*total) : nlohmann::json(nullptr)},
        }));
    });
}

http::Response Api::about_sweep(const core::SweepRecord& sweep, const std::string& what) {
    const core::State& state = reactor_.state();
    if (what.empty()) return ok(snapshot(sweep));
    if (what == "results")
        return ok(results::results_json(state, sweep, environment_of(state, sweep)));
    if (what == "explain") {
        nlohmann::json lines = nlohmann::json::object();
        for (const JobId job : state.unfinished) {
            const core::JobRecord& record = state.jobs.at(job);
            if (record.sweep == sweep.id)
                lines[std::to_string(record.ordinal)] = core::explain(state, job, now());
        }
        return ok(lines);
    }
    if (what != "events") return http::error_response(404, "a sweep has no \"" + what + "\"");
    http::Response stream;
    stream.follow_topic = topic_of(sweep.id);
    stream.body = "event: snapshot\ndata: " + http::to_text(snapshot(sweep)) + "\n\n";
    if (sweep.ended) stream.body += "event: ended\ndata: {}\n\n";
    return stream;
}

nlohmann::json Api::snapshot(const core::SweepRecord& sweep) const {
    const core::State& state = reactor_.state();
    std::uint64_t ended = 0, unsuccessful = 0;
    nlohmann::json jobs = nlohmann::json::array();
    for (const JobId id : sweep.jobs) {
        const core::JobRecord& job = state.jobs.at(id);
        if (core::is_terminal(job.state)) ++ended;
        if (is_unsuccessful(job.state)) ++unsuccessful;
        if (!core::is_terminal(job.state)) jobs.push_back(job_json(job));
    }
    const auto total = sweeps::point_count(*sweep.sweep);
    return {
        {"sweep", sweep.id.value},
        {"name", sweep.sweep->name.empty() ? sweep.file_name : sweep.sweep->name},
        {"file_name", sweep.file_name},
        {"total", total ? nlohmann::json(*total) : nlohmann::json(nullptr)},
        {"ended", ended},
        {"unsuccessful", unsuccessful},
        {"over", sweep.ended},
        {"jobs", std::move(jobs)},
        {"results", results::sweep_dir(state_dir_, sweep).string()},
    };
}

nlohmann::json Api::job_json(const core::JobRecord& job) const {
    const core::SweepRecord& sweep = reactor_.state().sweeps.at(job.sweep);
    nlohmann::json data = {
        {"ordinal", job.ordinal},
        {"label", label_of(sweep, job)},
        {"state", core::name_of(job.state)},
        {"reason", job.reason},
        {"attempts", job.attempts.size()},
        {"over", core::is_terminal(job.state)},
        {"unsuccessful", is_unsuccessful(job.state)},
    };
    if (!job.attempts.empty()) {
        const core::AttemptRecord& attempt = job.attempts.back();
        data["world_size"] = attempt.plan.world_size;
        data["micro_batch"] = attempt.plan.micro_batch;
        data["accumulation"] = attempt.plan.accumulation;
        data["step"] = attempt.started_step;
        data["total_steps"] = attempt.total_steps;
    }
    return data;
}

void Api::publish_job(JobId id) {
    const core::JobRecord& job = reactor_.state().jobs.at(id);
    feed_.publish(topic_of(job.sweep), "job", http::to_text(job_json(job)));
}

void Api::publish(const core::Event& event) {
    if (const auto* measured = std::get_if<core::EpochMeasured>(&event)) {
        const core::JobRecord& job = reactor_.state().jobs.at(measured->job);
        nlohmann::json values = nlohmann::json::object();
        for (const auto& [name, value] : measured->values) values[name] = finite_or_null(value);
        const nlohmann::json data = {
            {"ordinal", job.ordinal},
            {"epoch", measured->epoch},
            {"step", measured->step},
            {"values", values}};
        return feed_.publish(topic_of(job.sweep), "epoch", http::to_text(data));
    }
    if (const auto job = changed_job(event)) publish_job(*job);
}

void Api::publish(const proto::Progress& progress) {
    const auto& jobs = reactor_.state().jobs;
    const auto job = jobs.find(JobId{progress.job()});
    if (job == jobs.end()) return;
    const nlohmann::json data = {
        {"ordinal", job->second.ordinal},
        {"step", progress.step()},
        {"total_steps", progress.total_steps()},
        {"epoch", progress.epoch()},
        {"loss", finite_or_null(progress.loss())},
        {"samples_per_second", finite_or_null(progress.samples_per_second())},
    };
    feed_.publish(topic_of(job->second.sweep), "progress", http::to_text(data));
}

void Api::announce_results(SweepId sweep) { feed_.publish(topic_of(sweep), "ended", "{}"); }

nlohmann::json environment_of(const core::State& state, const core::SweepRecord& sweep) {
    std::set<std::string> devices, fingerprints;
    std::set<int> threads;
    for (const JobId id : sweep.jobs) {
        for (const core::AttemptRecord& attempt : state.jobs.at(id).attempts) {
            if (!attempt.data_fingerprint.empty()) fingerprints.insert(attempt.data_fingerprint);
            for (const core::RankRecord& rank : attempt.ranks) {
                const auto agent = state.agents.find(rank.slot.agent);
                if (agent == state.agents.end() || rank.slot.slot >= agent->second.slots.size())
                    continue;
                devices.insert(agent->second.slots[rank.slot.slot].kind);
                threads.insert(agent->second.slots[rank.slot.slot].threads);
            }
        }
    }
    return {
        {"version", version()},
        {"commit", commit()},
        {"torch", torch_version()},
        {"devices", devices},
        {"threads_per_rank", threads},
        {"data_fingerprints", fingerprints},
        {"bn", sweeps::name_of(sweep.sweep->options.bn)},
        {"bn_group", sweep.sweep->options.bn_group},
    };
}

std::string label_of(const core::SweepRecord& sweep, const core::JobRecord& job) {
    const nlohmann::json params = nlohmann::json::parse(job.params_json, nullptr, false);
    std::string label;
    for (const sweeps::Parameter& axis : sweep.sweep->parameters) {
        const bool varies =
            axis.distribution != sweeps::Distribution::constant && axis.values.size() != 1;
        const sweeps::TrainingParameter* known = sweeps::find_training_parameter(axis.name);
        const std::string name = known != nullptr ? std::string(known->name) : axis.name;
        if (!varies || !params.is_object() || !params.contains(name)) continue;
        const nlohmann::json& value = params[name];
        label += (label.empty() ? "" : " ") + name + "=" +
                 (value.is_string() ? value.get<std::string>() : value.dump());
    }
    return label.empty() ? "the only point" : label;
}

}  // namespace bw::coordinator
