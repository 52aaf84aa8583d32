#include "coordinator/core/constraints.h"
#include "coordinator/core/core.h"

namespace bw::core {
namespace {

std::vector<std::string> explain_waiting(const State& state, const JobRecord& job, Instant now) {
    Situation situation = make_situation(View(state), now);
    situation.head = find_head(situation);
    std::vector<std::string> lines;
    for (const Constraint& constraint : constraints()) {
        const auto obstacle = constraint.obstacle(situation, job);
        if (obstacle) lines.push_back(std::string(constraint.name) + ": " + *obstacle);
    }
    if (lines.empty()) lines.push_back("nothing holds it back: it starts with the next decision");
    if (job.state == JobState::queued && !job.reason.empty())
        lines.push_back("was queued again: " + job.reason);
    return lines;
}

std::string place_of(const State& state, const SlotRef& slot) {
    const auto agent = state.agents.find(slot.agent);
    const std::string name = agent == state.agents.end() ? "unknown" : agent->second.name;
    return name + " slot " + std::to_string(slot.slot);
}

std::vector<std::string> explain_placed(
    const State& state, const JobRecord& job, const AttemptRecord& attempt
) {
    const std::string number = "attempt " + std::to_string(attempt.number);
    std::vector<std::string> lines;
    if (attempt.stopping) {
        lines.push_back(
            number + " is told to stop (" + name_of(*attempt.stopping) + "): " + attempt.stop_reason
        );
    } else if (job.state == JobState::running) {
        lines.push_back(
            number + " is running from step " + std::to_string(attempt.started_step) + " of " +
            std::to_string(attempt.total_steps)
        );
    } else {
        lines.push_back(number + " is starting: its ranks load and connect");
    }
    for (std::size_t i = 0; i < attempt.ranks.size(); ++i) {
        const RankRecord& rank = attempt.ranks[i];
        lines.push_back(
            "rank " + std::to_string(i) +
            (rank.ended ? " " + std::string(name_of(rank.outcome)) : " is") + " on " +
            place_of(state, rank.slot) + (rank.reason.empty() ? "" : ": " + rank.reason)
        );
    }
    return lines;
}

}  // namespace

std::vector<std::string> explain(const State& state, JobId id, Instant now) {
    const auto it = state.jobs.find(id);
    if (it == state.jobs.end()) return {"there is no job " + std::to_string(id.value)};
    const JobRecord& job = it->second;
    if (is_terminal(job.state)) return {std::string(name_of(job.state)) + ": " + job.reason};
    const AttemptRecord* attempt = live_attempt(job);
    return attempt == nullptr ? explain_waiting(state, job, now)
                              : explain_placed(state, job, *attempt);
}

}  // namespace bw::core
