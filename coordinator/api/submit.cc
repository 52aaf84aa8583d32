#include "coordinator/api/submit.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <nlohmann/json.hpp>

#include "coordinator/http/json_text.h"
#include "sweeps/parse.h"
#include "sweeps/points.h"

namespace bw::api {

namespace {

using Json = nlohmann::json;

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
        const Json body = Json::parse(text);
        core::SubmitSweep input;
        body.at("text").get_to(input.text);
        input.file_name = body.value("file_name", "sweep.yaml");
        input.fresh = body.value("fresh", false);
        input.agents = std::max(0, body.value("agents", 0));
        return input;
    } catch (const Json::exception&) {
        return fail(
            Errc::invalid_input,
            R"(expected {"file_name": ..., "text": the sweep file, "fresh": false})"
        );
    }
}

// The fingerprint of a file that can be run.
Result<std::string> check(const core::SubmitSweep& input, bool allows_programs) {
    const sweeps::Parsed parsed = sweeps::parse_sweep(input.text);
    if (!parsed.sweep)
        return fail(Errc::invalid_input, render_all(parsed.diagnostics, input.file_name));
    if (parsed.sweep->external && !allows_programs) {
        return fail(
            Errc::invalid_input,
            input.file_name +
                ": this coordinator runs no programs of the sweep's own (program, command): "
                "whoever operates it can allow them with \"batchwright coordinator "
                "--allow-programs\"; \"batchwright run\" on a machine of yours always does"
        );
    }
    return parsed.sweep->fingerprint;
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

void submit_checked(
    const CorePort& core,
    const core::SubmitSweep& input,
    const std::string& fingerprint,
    const http::Reply& reply
) {
    const bool known = !input.fresh && core::find_sweep(core.state(), fingerprint) != nullptr;
    const bool changed = changed_since_last_time(core.state(), input.file_name, fingerprint);
    core.submit(input, [reply, fingerprint, known, changed](const core::State& state) {
        const core::SweepRecord* sweep = core::find_sweep(state, fingerprint);
        if (sweep == nullptr) return reply(http::error_response(500, "the sweep was not accepted"));
        const auto total = sweeps::point_count(*sweep->sweep);
        http::Response response;
        response.body = http::to_text({
            {"sweep", sweep->id.value},
            {"name", sweep->sweep->name},
            {"known", known},
            {"ended", sweep->ended},
            {"changed", changed},
            {"total", total ? Json(*total) : Json(nullptr)},
        });
        reply(std::move(response));
    });
}

}  // namespace

void submit_sweep(const CorePort& core, Replica& replica, const Call& call, http::Reply reply) {
    auto read = read_submission(call.body);
    if (!read) return reply(error_of(read.error()));
    const auto input = std::make_shared<core::SubmitSweep>(std::move(*read));
    // A large file takes its time: not on the loop.
    replica.ask<Result<std::string>>(
        [input, allowed = core.allows_programs](const Books&) { return check(*input, allowed); },
        [&core, input, reply](const Result<std::string>& fingerprint) {
            if (!fingerprint) return reply(error_of(fingerprint.error()));
            submit_checked(core, *input, *fingerprint, reply);
        }
    );
}

}  // namespace bw::api
