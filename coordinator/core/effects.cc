#include <map>

#include "coordinator/core/core.h"
#include "sweeps/batch_norm.h"
#include "sweeps/program.h"

namespace bw::core {
namespace {

using Effects = std::vector<Effect>;

// The live attempt that an event speaks of. None when it has ended since: then nothing is left to
// be done for it.
const AttemptRecord* find_live(const State& state, JobId id, std::uint32_t number) {
    const auto job = state.jobs.find(id);
    if (job == state.jobs.end()) return nullptr;
    const AttemptRecord* attempt = live_attempt(job->second);
    return attempt != nullptr && attempt->number == number ? attempt : nullptr;
}

std::uint64_t epoch_of(const State& state, AgentId agent) {
    const auto it = state.agents.find(agent);
    return it == state.agents.end() ? 0 : it->second.epoch;
}

// The ranks that still run, by agent.
std::map<AgentId, std::vector<StartRanks::RankOnSlot>> ranks_by_agent(const AttemptRecord& attempt
) {
    std::map<AgentId, std::vector<StartRanks::RankOnSlot>> by_agent;
    for (std::size_t i = 0; i < attempt.ranks.size(); ++i) {
        const RankRecord& rank = attempt.ranks[i];
        if (rank.ended) continue;
        by_agent[rank.slot.agent].push_back({.rank = static_cast<int>(i), .slot = rank.slot.slot});
    }
    return by_agent;
}

template <class Other>
Effects effects(const State&, const Other&) {
    return {};
}

Effects effects(const State& state, const AttemptPlaced& event) {
    const AttemptRecord* attempt = find_live(state, event.job, event.attempt);
    if (attempt == nullptr) return {};
    const JobRecord& job = state.jobs.at(event.job);
    const sweeps::Options& options = state.sweeps.at(job.sweep).sweep->options;
    Effects result;
    for (auto& [agent, ranks] : ranks_by_agent(*attempt)) {
        StartRanks start;
        start.agent = agent;
        start.epoch = epoch_of(state, agent);
        start.job = event.job;
        start.attempt = event.attempt;
        start.sweep = job.sweep;
        start.ordinal = job.ordinal;
        start.ranks = ranks;
        start.params_json = job.params_json;
        start.plan = event.plan;
        start.bn = sweeps::name_of(options.bn);
        start.checkpoint_steps = options.checkpoint_steps;
        start.memory_limit_bytes = options.memory_limit_bytes;
        start.asked_micro_batch = options.micro_batch;
        start.resume_path = event.resume ? event.resume->path : "";
        start.resume_step = event.resume ? event.resume->step : 0;
        start.program_json = sweeps::program_json(*state.sweeps.at(job.sweep).sweep);
        start.account_from = account_from(job);
        result.push_back(std::move(start));
    }
    return result;
}

Effects effects(const State& state, const StoreOpened& event) {
    const AttemptRecord* attempt = find_live(state, event.job, event.attempt);
    if (attempt == nullptr) return {};
    Effects result;
    for (const auto& [agent, ranks] : ranks_by_agent(*attempt)) {
        if (ranks.size() == 1 && ranks.front().rank == 0)
            continue;  // rank 0 holds the store itself
        result.push_back(SendRendezvous{
            agent, epoch_of(state, agent), event.job, event.attempt, event.host, event.port});
    }
    return result;
}

Effects effects(const State& state, const AttemptStopping& event) {
    const AttemptRecord* attempt = find_live(state, event.job, event.attempt);
    if (attempt == nullptr) return {};
    Effects result;
    for (const auto& [agent, ranks] : ranks_by_agent(*attempt)) {
        result.push_back(StopRanks{
            agent, epoch_of(state, agent), event.job, event.attempt, event.kind});
    }
    return result;
}

Effects effects(const State& state, const CheckpointAccepted& event) {
    const AttemptRecord* attempt = find_live(state, event.job, event.attempt);
    if (attempt == nullptr || attempt->ranks.front().ended) return {};
    const AgentId agent = attempt->ranks.front().slot.agent;
    return {ConfirmCheckpoint{
        agent, epoch_of(state, agent), event.job, event.attempt, event.checkpoint.step}};
}

Effects effects(const State&, const SweepLimitsChanged& event) {
    return {WithdrawResults{event.sweep}};
}

Effects effects(const State&, const SweepReopened& event) { return {WithdrawResults{event.sweep}}; }

Effects effects(const State&, const SweepEnded& event) { return {AnnounceSweepEnded{event.sweep}}; }

}  // namespace

std::vector<Effect> effects_of(const State& state, const Event& event) {
    return std::visit([&state](const auto& e) { return effects(state, e); }, event);
}

}  // namespace bw::core
