// Agents that are emptied, and offered again.
#include <set>

#include "coordinator/core/handlers.h"

namespace bw::core {
namespace {

const AgentRecord* find_live(const State& state, AgentId id) {
    const auto it = state.agents.find(id);
    return it == state.agents.end() || !it->second.live ? nullptr : &it->second;
}

// What is stopped for another reason already ends as that says.
void send_elsewhere(Draft& draft, JobId id, const std::string& reason) {
    const AttemptRecord& attempt = *live_attempt(draft.view().job(id));
    if (attempt.stopping) return;
    draft.add(AttemptStopping{id, attempt.number, StopKind::preempt, reason, AfterStop::requeue});
}

}  // namespace

void on_drain(Draft& draft, const DrainAgent& input) {
    const AgentRecord* agent = find_live(draft.base(), input.agent);
    if (agent == nullptr || agent->draining) return;
    if (input.epoch != 0 && input.epoch != agent->epoch) return;
    std::set<JobId> jobs;
    for (const auto& busy : agent->busy) {
        if (busy) jobs.insert(busy->job);
    }
    const std::string reason =
        "agent " + agent->name + " is drained" + (input.reason.empty() ? "" : ": " + input.reason);
    // First, so that a draining agent never holds an attempt that nobody has told to stop.
    for (const JobId job : jobs) send_elsewhere(draft, job, reason);
    draft.add(AgentDraining{agent->id, agent->epoch, input.reason, draft.now()});
}

void on_return(Draft& draft, const ReturnAgent& input) {
    const AgentRecord* agent = find_live(draft.base(), input.agent);
    if (agent != nullptr && agent->draining)
        draft.add(AgentReturned{agent->id, agent->epoch, draft.now()});
}

std::optional<std::string> why_not(const State& state, const DrainAgent& input) {
    const AgentRecord* agent = find_live(state, input.agent);
    if (agent == nullptr) return "there is no live agent " + std::to_string(input.agent.value);
    if (agent->draining) return "agent " + agent->name + " is drained already";
    return std::nullopt;
}

std::optional<std::string> why_not(const State& state, const ReturnAgent& input) {
    const AgentRecord* agent = find_live(state, input.agent);
    if (agent == nullptr) return "there is no live agent " + std::to_string(input.agent.value);
    if (!agent->draining) return "agent " + agent->name + " is not drained";
    return std::nullopt;
}

}  // namespace bw::core
