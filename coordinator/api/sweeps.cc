// Questions about sweeps.
#include "coordinator/api/reads.h"
#include "coordinator/api/selectors.h"
#include "coordinator/http/uri.h"
#include "coordinator/results/leaderboard.h"
#include "coordinator/results/results.h"

namespace bw::api {

namespace {

const std::vector<std::string_view> kSweepStates = {
    "running", "paused", "finished", "unsuccessful"};

Json metrics_json(const results::LeaderboardRow& row) {
    const auto or_null = [](const std::optional<double>& value) {
        return value ? finite_or_null(*value) : Json(nullptr);
    };
    Json metrics = {
        {"train_loss", or_null(row.train_loss)},
        {"test_loss", or_null(row.test_loss)},
        {"test_accuracy", or_null(row.test_accuracy)},
        {"samples_per_second", or_null(row.samples_per_second)},
    };
    for (const auto& [name, value] : row.others) metrics[name] = finite_or_null(value);
    return metrics;
}

Json row_json(const results::LeaderboardRow& row, std::uint64_t rank) {
    Json params = Json::object();
    for (const auto& [name, value] : row.params) params[name] = value;
    return {
        {"rank", rank},
        {"ordinal", row.ordinal},
        {"state", row.state},
        {"reason", row.reason},
        {"attempts", row.attempts},
        {"params", std::move(params)},
        {"metrics", metrics_json(row)},
    };
}

}  // namespace

Result<Json> list_sweeps(const View& view, const Call& call) {
    const auto page = page_of(call);
    if (!page) return page.error();
    const auto state = choice_of(call, "state", kSweepStates);
    if (!state) return state.error();
    Json rows = Json::array();
    std::uint64_t total = 0;
    const auto& sweeps = view.state().sweeps;
    for (auto it = sweeps.rbegin(); it != sweeps.rend(); ++it) {
        if (!state->empty() && *state != state_of(view, it->second)) continue;
        if (page->holds(total++)) rows.push_back(sweep_json(view, it->second));
    }
    return done(
        {{"total", total},
         {"offset", page->offset},
         {"limit", page->limit},
         {"sweeps", std::move(rows)}}
    );
}

Result<Json> show_sweep(const View& view, const Call& call) {
    const auto sweep = pick_sweep(view.state(), call.at("sweep"));
    if (!sweep) return sweep.error();
    return done(sweep_detail_json(view, **sweep));
}

Result<Json> show_results(const View& view, const Call& call) {
    const auto sweep = pick_sweep(view.state(), call.at("sweep"));
    if (!sweep) return sweep.error();
    return done(results::results_json(view.state(), **sweep, environment_of(view.state(), **sweep))
    );
}

Result<Json> show_leaderboard(const View& view, const Call& call) {
    const auto sweep = pick_sweep(view.state(), call.at("sweep"));
    if (!sweep) return sweep.error();
    const auto page = page_of(call);
    if (!page) return page.error();
    const Json all = results::results_json(view.state(), **sweep, Json::object());
    Json rows = Json::array();
    std::uint64_t total = 0;
    for (const auto& row : results::leaderboard(all, (*sweep)->sweep->metric)) {
        if (page->holds(total++)) rows.push_back(row_json(row, total));
    }
    Json board = sweep_json(view, **sweep);
    return done(
        {{"sweep", board["sweep"]},
         {"name", board["name"]},
         {"state", board["state"]},
         {"metric", board["metric"]},
         {"total", total},
         {"offset", page->offset},
         {"limit", page->limit},
         {"rows", std::move(rows)}}
    );
}

Result<Json> explain_sweep(const View& view, const Call& call) {
    const auto sweep = pick_sweep(view.state(), call.at("sweep"));
    if (!sweep) return sweep.error();
    Json lines = Json::object();
    for (const JobId id : view.state().unfinished) {
        const core::JobRecord& job = view.state().jobs.at(id);
        if (job.sweep == (*sweep)->id)
            lines[std::to_string(job.ordinal)] = core::explain(view.state(), id, view.now);
    }
    return done(std::move(lines));
}

Result<Json> show_selection(const View& view, const Call& call) {
    const auto given = call.query.find("selector");
    if (given == call.query.end()) {
        return fail(
            Errc::invalid_input,
            "selector: missing; give last, a sweep's number or name, SWEEP/3, SWEEP/1,4-7 or "
            "SWEEP/*"
        );
    }
    const auto selected = select(view.state(), given->second);
    if (!selected) return selected.error();
    const core::SweepRecord& sweep = *selected->sweep;
    Json found = {
        {"sweep", sweep.id.value},
        {"name", name_of(sweep)},
        {"points", nullptr},
        {"jobs", nullptr}};
    std::string path = "/api/v1/sweeps/" + std::to_string(sweep.id.value);
    if (selected->points) {
        const auto jobs = pick_jobs(view.state(), sweep, *selected->points);
        if (!jobs) return jobs.error();
        found["points"] = *selected->points;
        found["jobs"] = jobs->size();
        path += "/jobs/" + http::encode(*selected->points);
    }
    found["path"] = path;
    return done(std::move(found));
}

}  // namespace bw::api
