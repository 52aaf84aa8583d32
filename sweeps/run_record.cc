#include "sweeps/run_record.h"

#include <array>
#include <cmath>
#include <optional>

#include "base/text.h"

namespace bw::sweeps {
namespace {

constexpr std::array<std::string_view, 8> kStates = {
    "pending", "running", "finished", "killed", "crashed", "failed", "preempting", "preempted"};

std::optional<double> finite_number(const Value& value) {
    if (const auto* number = std::get_if<std::int64_t>(&value.data))
        return static_cast<double>(*number);
    const auto* real = std::get_if<double>(&value.data);
    return real != nullptr && std::isfinite(*real) ? std::optional<double>(*real) : std::nullopt;
}

std::optional<RunState> state_of(const Value& value) {
    const auto* text = std::get_if<std::string>(&value.data);
    for (std::size_t i = 0; text != nullptr && i < kStates.size(); ++i) {
        if (*text == kStates[i]) return static_cast<RunState>(i);
    }
    return std::nullopt;
}

template <class T>
void take(const Map& map, std::string_view key, T& out) {
    const Value* value = find_value(map, key);
    if (value == nullptr) return;
    if (const T* held = std::get_if<T>(&value->data)) out = *held;
}

Result<RunRecord> read_run(const Value& value, std::size_t number) {
    const std::string which = "run " + std::to_string(number);
    const auto* map = std::get_if<Map>(&value.data);
    if (map == nullptr) return fail(Errc::invalid_input, which + ": expected a map");
    RunRecord run;
    take(*map, "name", run.name);
    take(*map, "config", run.config);
    take(*map, "sampledHistory", run.history);
    take(*map, "history", run.history);
    take(*map, "summary_metrics", run.summary);
    take(*map, "summaryMetrics", run.summary);
    if (const Value* state = find_value(*map, "state")) {
        const auto known = state_of(*state);
        if (!known) return fail(Errc::invalid_input, which + ": unknown state " + to_json(*state));
        run.state = *known;
    }
    return run;
}

}  // namespace

bool is_terminal(RunState state) {
    return state == RunState::finished || state == RunState::crashed || state == RunState::failed ||
           state == RunState::killed;
}

std::vector<double> RunRecord::metric_history(std::string_view metric) const {
    std::vector<double> out;
    for (const Value& line : history) {
        const auto* map = std::get_if<Map>(&line.data);
        const Value* value = map == nullptr ? nullptr : find_value(*map, metric);
        if (value == nullptr) continue;
        if (const auto number = finite_number(*value)) out.push_back(*number);
    }
    return out;
}

std::vector<double> RunRecord::metric_values(std::string_view metric) const {
    std::vector<double> out = metric_history(metric);
    const Value* value = find_value(summary, metric);
    if (value == nullptr) return out;
    if (const auto number = finite_number(*value)) out.push_back(*number);
    return out;
}

Result<std::vector<RunRecord>> read_runs(const Value& value) {
    const Value* list = &value;
    if (const auto* map = std::get_if<Map>(&value.data)) list = find_value(*map, "runs");
    if (list == nullptr || !std::holds_alternative<List>(list->data)) {
        return fail(Errc::invalid_input, "expected a list of runs");
    }
    std::vector<RunRecord> out;
    for (const Value& one : std::get<List>(list->data)) {
        Result<RunRecord> run = read_run(one, out.size());
        if (!run) return run.error();
        out.push_back(std::move(*run));
    }
    return out;
}

const Value* find_run_value(const RunRecord& run, const std::vector<std::string>& levels) {
    const Value* at = find_value(run.config, levels.front());
    const auto down = [&at](std::string_view key) {
        const auto* map = at == nullptr ? nullptr : std::get_if<Map>(&at->data);
        at = map == nullptr ? nullptr : find_value(*map, key);
    };
    down("value");
    for (std::size_t i = 1; i < levels.size(); ++i) down(levels[i]);
    return at;
}

}  // namespace bw::sweeps
