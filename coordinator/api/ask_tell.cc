#include "coordinator/api/ask_tell.h"

#include <memory>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "coordinator/api/selectors.h"
#include "coordinator/core/answer.h"
#include "coordinator/http/json_text.h"
#include "sweeps/points.h"
#include "sweeps/training.h"
#include "sweeps/yaml_reader.h"

namespace bw::api {

namespace {

constexpr std::size_t kPointsMax = 10'000;  // of one telling

std::uint64_t next_ordinal(const core::State& state, const core::SweepRecord& sweep) {
    return sweep.jobs.empty() ? 0 : state.jobs.at(sweep.jobs.back()).ordinal + 1;
}

std::uint64_t count_wanted(const View& view, SweepId sweep) {
    for (const core::PointsWanted& wanted : core::wanted_points(view.state(), view.now)) {
        if (wanted.sweep == sweep) return wanted.count;
    }
    return 0;
}

Result<std::vector<sweeps::Map>> read_points(const Json& list) {
    std::vector<sweeps::Map> points;
    if (!list.is_array() || list.size() > kPointsMax) {
        return fail(
            Errc::invalid_input,
            "points: expected a list of at most " + std::to_string(kPointsMax) + " points"
        );
    }
    for (const Json& one : list) {
        const sweeps::YamlTree tree = sweeps::read_yaml(one.dump());
        sweeps::Value value = tree.root ? sweeps::to_value(*tree.root) : sweeps::Value{};
        auto* map = std::get_if<sweeps::Map>(&value.data);
        if (map == nullptr) {
            return fail(
                Errc::invalid_input,
                "points[" + std::to_string(points.size()) +
                    "]: expected a map from parameters to values, found " + one.dump()
            );
        }
        points.push_back(std::move(*map));
    }
    return points;
}

// What the file holds constant need not be told.
sweeps::Map with_constants(const sweeps::Sweep& sweep, const sweeps::Map& told) {
    sweeps::Map params = told;
    for (const sweeps::Parameter& parameter : sweep.parameters) {
        if (parameter.distribution != sweeps::Distribution::constant) continue;
        if (parameter.levels.size() > 1) continue;
        if (sweeps::find_value(told, parameter.name) == nullptr)
            params.emplace_back(parameter.name, parameter.values.front());
    }
    return params;
}

Result<core::SearcherAnswered> read_answer(
    const core::State& state, const core::SweepRecord& sweep, const std::string& text
) {
    const Json body = Json::parse(text, nullptr, false);
    const bool is_known = body.is_object() && [&body] {
        for (const auto& [key, value] : body.items()) {
            if (key != "first" && key != "points" && key != "end") return false;
        }
        return true;
    }();
    if (!is_known) {
        return fail(
            Errc::invalid_input,
            R"(the body: expected {"first": ordinal, "points": [{parameter: value}], "end": text})"
        );
    }
    core::SearcherAnswered answer;
    answer.sweep = sweep.id;
    answer.first = next_ordinal(state, sweep);
    const Json first = body.value("first", Json(answer.first));
    if (!first.is_number_unsigned() || first.get<std::uint64_t>() != answer.first) {
        return fail(
            Errc::refused,
            "first: the next point of the sweep is " + std::to_string(answer.first) + ", not " +
                first.dump() + "; ask again"
        );
    }
    const Json end = body.value("end", Json(""));
    if (!end.is_string()) return fail(Errc::invalid_input, "end: expected a text");
    answer.end = end.get<std::string>();
    const auto points = read_points(body.value("points", Json::array()));
    if (!points) return points.error();
    for (const sweeps::Map& told : *points) {
        const std::uint64_t index = answer.points.size();
        sweeps::Point point = sweeps::make_point(
            *sweep.sweep, answer.first + index, with_constants(*sweep.sweep, told)
        );
        if (!sweep.sweep->external) {
            if (auto problem = sweeps::training_problem(point.params)) {
                return fail(
                    Errc::invalid_input, "points[" + std::to_string(index) + "]: " + *problem
                );
            }
        }
        answer.points.push_back(
            {point.hash, sweeps::to_json(sweeps::Value{std::move(point.params)})}
        );
    }
    return answer;
}

Result<const core::SweepRecord*> find_open(const core::State& state, const std::string& name) {
    const auto sweep = pick_sweep(state, name);
    if (!sweep) return sweep.error();
    const core::SweepRecord& record = **sweep;
    std::string why;
    if (!sweeps::is_searched(*record.sweep))
        why = "its points follow from its file; use method: custom, or batchwright.points";
    if (record.cancelled) why = "it is cancelled";
    if (record.exhausted)
        why = record.search_end.empty() ? "run_cap is reached; raise it" : record.search_end;
    if (why.empty()) return &record;
    return fail(
        Errc::refused, "sweep " + std::to_string(record.id.value) + " takes no points: " + why
    );
}

}  // namespace

Result<Json> ask_points(const View& view, const Call& call) {
    const auto sweep = pick_sweep(view.state(), call.at("sweep"));
    if (!sweep) return sweep.error();
    const core::SweepRecord& record = **sweep;
    Json results = Json::array();
    std::size_t index = 0;
    for (const search::PastJob& job : core::past_jobs(view.state(), record)) {
        const core::JobRecord& of = view.state().jobs.at(record.jobs[index++]);
        std::vector<double> values = job.history;
        if (values.empty() && job.summary) values.push_back(*job.summary);
        results.push_back(
            {{"ordinal", job.ordinal},
             {"state", core::name_of(of.state)},
             {"params", Json::parse(job.params_json, nullptr, false)},
             {"values", std::move(values)}}
        );
    }
    Json metric = nullptr;
    if (record.sweep->metric) {
        metric = {
            {"name", record.sweep->metric->name},
            {"goal", record.sweep->metric->maximize ? "maximize" : "minimize"}};
    }
    return done(
        {{"sweep", record.id.value},
         {"metric", std::move(metric)},
         {"over", record.ended || record.exhausted || record.cancelled},
         {"first", next_ordinal(view.state(), record)},
         {"count", count_wanted(view, record.id)},
         {"results", std::move(results)}}
    );
}

void tell_points(const CorePort& core, const Call& call, const http::Reply& reply) {
    const auto sweep = find_open(core.state(), call.at("sweep"));
    if (!sweep) return reply(error_of(sweep.error()));
    const SweepId id = (*sweep)->id;
    auto answer = read_answer(core.state(), **sweep, call.body);
    if (!answer) return reply(error_of(answer.error()));
    const std::uint64_t first = answer->first;
    const std::size_t before = (*sweep)->jobs.size();
    const auto body = std::make_shared<Json>();
    core.submit(*answer, [body, reply](const core::State&) {
        reply({200, http::to_text(*body), "application/json"});
    });
    // Decided by now, durable later.
    const core::SweepRecord& after = core.state().sweeps.at(id);
    *body = {
        {"sweep", id.value},
        {"first", first},
        {"accepted", after.jobs.size() - before},
        {"next", next_ordinal(core.state(), after)}};
}

}  // namespace bw::api
