// Questions about jobs.
#include "coordinator/api/reads.h"
#include "coordinator/api/selectors.h"

namespace bw::api {

namespace {

// Every name, in the order of a job's life; "unsuccessful" stands for three of them.
const std::vector<std::string_view> kJobStates = {
    "queued",
    "starting",
    "running",
    "preempting",
    "paused",
    "waiting_retry",
    "finished",
    "failed",
    "cancelled",
    "stopped",
    "refused",
    "unsuccessful"};

bool is_wanted(const core::JobRecord& job, const std::string& state) {
    if (state.empty() || state == core::name_of(job.state)) return true;
    return state == "unsuccessful" && core::is_unsuccessful(job.state);
}

Result<const core::JobRecord*> job_of(const View& view, const Call& call) {
    const auto sweep = pick_sweep(view.state(), call.at("sweep"));
    if (!sweep) return sweep.error();
    return pick_job(view.state(), **sweep, call.at("points"));
}

}  // namespace

Result<Json> list_jobs(const View& view, const Call& call) {
    const auto sweep = pick_sweep(view.state(), call.at("sweep"));
    if (!sweep) return sweep.error();
    const auto page = page_of(call);
    if (!page) return page.error();
    const auto state = choice_of(call, "state", kJobStates);
    if (!state) return state.error();
    const auto points = call.query.find("points");
    const auto chosen = points == call.query.end()
                            ? Result<std::vector<JobId>>((*sweep)->jobs)
                            : pick_jobs(view.state(), **sweep, points->second);
    if (!chosen) return chosen.error();
    Json rows = Json::array();
    std::uint64_t total = 0;
    for (const JobId id : *chosen) {
        const core::JobRecord& job = view.state().jobs.at(id);
        if (!is_wanted(job, *state)) continue;
        if (page->holds(total++)) rows.push_back(job_json(view, job));
    }
    return done(
        {{"sweep", (*sweep)->id.value},
         {"name", name_of(**sweep)},
         {"total", total},
         {"offset", page->offset},
         {"limit", page->limit},
         {"jobs", std::move(rows)}}
    );
}

Result<Json> show_job(const View& view, const Call& call) {
    const auto job = job_of(view, call);
    if (!job) return job.error();
    return done(job_detail_json(view, **job));
}

Result<Json> explain_job(const View& view, const Call& call) {
    const auto job = job_of(view, call);
    if (!job) return job.error();
    return done(
        {{"sweep", (*job)->sweep.value},
         {"ordinal", (*job)->ordinal},
         {"state", core::name_of((*job)->state)},
         {"lines", core::explain(view.state(), (*job)->id, view.now)}}
    );
}

}  // namespace bw::api
