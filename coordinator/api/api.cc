#include "coordinator/api/api.h"

#include <exception>
#include <memory>
#include <utility>

#include <frames.pb.h>

#include "coordinator/api/ask_tell.h"
#include "coordinator/api/audit.h"
#include "coordinator/api/selectors.h"
#include "coordinator/http/json_text.h"

namespace bw::api {

namespace {

constexpr const char* kSweep = "/api/v1/sweeps/{sweep}";
constexpr const char* kJob = "/api/v1/sweeps/{sweep}/jobs/{points}";

http::Response answer(const Result<Json>& body) {
    if (!body) return error_of(body.error());
    return {200, http::to_text(*body), "application/json"};
}

// On the replica's thread. A document that its reader did not foresee costs its request, never the
// coordinator.
http::Response read(Reader reader, const View& view, const Call& call) {
    try {
        return answer(reader(view, call));
    } catch (const std::exception& error) {
        return http::error_response(500, std::string("the request failed: ") + error.what());
    }
}

}  // namespace

Api::Api(
    boost::asio::io_context& loop,
    CorePort core,
    std::filesystem::path state_dir,
    std::function<void()> shut_down
)
    : core_(std::move(core)),
      state_dir_(std::move(state_dir)),
      shut_down_(std::move(shut_down)),
      replica_(loop, core_.state()),
      streams_(replica_, state_dir_, core_.now),
      logs_(loop, core_, replica_, state_dir_) {
    router_.add({"GET", "/healthz", {}, [](const Call&, const http::Reply& reply) {
                     reply({200, "ok\n", "text/plain"});
                 }});
    add_reads();
    add_commands();
}

void Api::add_read(const char* pattern, std::vector<std::string> query, Reader reader) {
    router_.add(
        {"GET",
         pattern,
         std::move(query),
         [this, reader](const Call& call, http::Reply reply) {
             replica_.ask<http::Response>(
                 [this, reader, call, now = core_.now()](const Books& books) {
                     return read(reader, View{books, now, state_dir_}, call);
                 },
                 std::move(reply)
             );
         }}
    );
}

void Api::add_reads() {
    const std::string sweep = kSweep, job = kJob;
    add_read("/api/v1/sweeps", {"limit", "offset", "state"}, list_sweeps);
    add_read("/api/v1/select", {"selector"}, show_selection);
    add_read(kSweep, {}, show_sweep);
    add_read((sweep + "/results").c_str(), {}, show_results);
    add_read((sweep + "/leaderboard").c_str(), {"limit", "offset"}, show_leaderboard);
    add_read((sweep + "/explain").c_str(), {}, explain_sweep);
    add_read((sweep + "/ask").c_str(), {}, ask_points);
    add_read((sweep + "/jobs").c_str(), {"limit", "offset", "state", "points"}, list_jobs);
    add_read(kJob, {}, show_job);
    add_read((job + "/explain").c_str(), {}, explain_job);
    add_read("/api/v1/agents", {"state"}, list_agents);
    router_.add({"GET", sweep + "/events", {}, [this](const Call& call, const http::Reply& reply) {
                     streams_.answer(call, reply);
                 }});
    router_.add({"GET", sweep + "/verify", {}, [this](const Call& call, const http::Reply& reply) {
                     verify(call, reply);
                 }});
    router_.add(
        {"GET",
         job + "/log",
         {"rank", "attempt", "lines", "follow"},
         [this](const Call& call, const http::Reply& reply) { logs_.answer(call, reply); }}
    );
}

void Api::add_command(Verb verb) {
    for (const std::string place : {kSweep, kJob}) {
        router_.add(
            {"POST",
             place + "/" + std::string(name_of(verb)),
             {},
             [this, verb](const Call& call, http::Reply reply) {
                 command_jobs(verb, core_, replica_, call, std::move(reply));
             }}
        );
    }
}

void Api::add_commands() {
    for (const Verb verb : {Verb::pause, Verb::resume, Verb::cancel, Verb::retry})
        add_command(verb);
    router_.add({"POST", "/api/v1/sweeps", {}, [this](const Call& call, http::Reply reply) {
                     submit_sweep(core_, replica_, call, std::move(reply));
                 }});
    router_.add(
        {"POST",
         std::string(kSweep) + "/tell",
         {},
         [this](const Call& call, http::Reply reply) {
             tell_points(core_, call, std::move(reply));
         }}
    );
    const std::string agent = "/api/v1/agents/{agent}";
    router_.add({"POST", agent + "/drain", {}, [this](const Call& call, http::Reply reply) {
                     command_agent(AgentVerb::drain, core_, call, std::move(reply));
                 }});
    router_.add({"POST", agent + "/return", {}, [this](const Call& call, http::Reply reply) {
                     command_agent(AgentVerb::put_back, core_, call, std::move(reply));
                 }});
    router_.add({"POST", "/api/v1/shutdown", {}, [this](const Call&, const http::Reply& reply) {
                     reply(answer(done({{"shutting_down", true}})));
                     shut_down_();
                 }});
}

void Api::publish(const core::Event& event) {
    replica_.apply(event);
    streams_.publish(event);
}

void Api::publish(const proto::Progress& sample) {
    const auto& jobs = core_.state().jobs;
    const auto job = jobs.find(JobId{sample.job()});
    if (job == jobs.end()) return;
    const Progress progress{
        sample.attempt(),
        sample.step(),
        sample.total_steps(),
        sample.epoch(),
        sample.loss(),
        sample.samples_per_second(),
        {.micro_batch = sample.micro_batch(),
         .accumulation = sample.accumulation(),
         .peak_bytes = sample.peak_bytes(),
         .predicted_peak_bytes = sample.predicted_peak_bytes(),
         .limit_bytes = sample.limit_bytes(),
         .ooms = sample.ooms(),
         .replans = sample.replans()}};
    replica_.note(job->first, progress);
    streams_.publish_progress(job->second, progress);
}

void Api::verify(const Call& call, const http::Reply& reply) {
    const auto sweep = pick_sweep(core_.state(), call.at("sweep"));
    if (!sweep) return reply(error_of(sweep.error()));
    const auto audit = std::make_shared<Audit>((*sweep)->id);
    core_.read_journal(
        [audit](std::uint64_t sequence, const core::Event& event) {
            audit->visit(sequence, event);
        },
        [audit, reply](const Result<void>& read) {
            // A journal that cannot be read proves nothing: that is an answer, too.
            if (!read) audit->blame(read.error().message);
            reply(answer(done(audit->report())));
        }
    );
}

}  // namespace bw::api
