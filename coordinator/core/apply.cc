// Bookkeeping of sweeps and agents; the jobs' own is in apply_jobs.cc. No policy: what follows from
// an event was decided before it was written down.
#include <algorithm>

#include "base/assert.h"
#include "coordinator/core/apply_jobs.h"
#include "coordinator/core/core.h"
#include "sweeps/parse.h"

namespace bw::core {
namespace {

SweepRecord& get_sweep(State& state, SweepId id) {
    const auto it = state.sweeps.find(id);
    BW_ASSERT(it != state.sweeps.end(), "an event names a sweep that was submitted");
    return it->second;
}

// A text that this release can no longer read (a journal of an older one) leaves a sweep without
// further points; its jobs carry their parameters and go on.
void read_text(SweepRecord& record, const std::string& text) {
    record.text = text;
    sweeps::Parsed parsed = sweeps::parse_sweep(text);
    record.exhausted = !parsed.sweep.has_value();
    if (!parsed.sweep) parsed.sweep.emplace().fingerprint = record.fingerprint;
    record.sweep = std::make_shared<const sweeps::Sweep>(std::move(*parsed.sweep));
}

void apply_event(State& state, const SweepSubmitted& event) {
    SweepRecord& record = state.sweeps[event.sweep];
    record.id = event.sweep;
    record.file_name = event.file_name;
    record.fingerprint = event.fingerprint;
    record.submitted_at = event.at;
    read_text(record, event.text);
    state.open.insert(event.sweep);
    state.sweeps_last = std::max(state.sweeps_last, event.sweep.value);
}

// A raised cap may mean more points, so the sweep is open again until it is said to be exhausted.
void apply_event(State& state, const SweepLimitsChanged& event) {
    SweepRecord& record = get_sweep(state, event.sweep);
    record.ended = false;
    record.search_end.clear();
    read_text(record, event.text);
    state.open.insert(event.sweep);
}

void apply_event(State& state, const PointsSuggested& event) {
    SweepRecord& sweep = get_sweep(state, event.sweep);
    for (const SuggestedPoint& point : event.points) {
        JobRecord& job = state.jobs[point.job];
        job.id = point.job;
        job.sweep = event.sweep;
        job.ordinal = point.ordinal;
        job.hash = point.hash;
        job.params_json = point.params_json;
        if (sweep.paused) {
            job.state = JobState::paused;
            job.reason = "its sweep is paused";
        }
        sweep.jobs.push_back(point.job);
        state.unfinished.insert(point.job);
        state.jobs_last = std::max(state.jobs_last, point.job.value);
    }
    sweep.exhausted = event.exhausted;
}

void apply_event(State& state, const SweepEnded& event) {
    SweepRecord& sweep = get_sweep(state, event.sweep);
    sweep.ended = true;
    sweep.ended_at = event.at;
    state.open.erase(event.sweep);
}

void apply_event(State& state, const AgentJoined& event) {
    AgentRecord& agent = state.agents[event.agent];
    agent.id = event.agent;
    agent.epoch = event.epoch;
    agent.name = event.name;
    agent.host = event.host;
    agent.slots = event.slots;
    agent.busy.assign(event.slots.size(), std::nullopt);
    agent.live = true;
    agent.draining = false;
    agent.drain_reason.clear();
    agent.metrics_port = event.metrics_port;
    state.arrivals.settling = true;
    state.arrivals.newest_at = event.at;
    state.agents_last = std::max(state.agents_last, event.agent.value);
    state.agent_epochs_last = std::max(state.agent_epochs_last, event.epoch);
}

void apply_event(State& state, const AgentLost& event) {
    const auto it = state.agents.find(event.agent);
    if (it != state.agents.end() && it->second.epoch == event.epoch) it->second.live = false;
}

void apply_event(State& state, const AgentsExpected& event) {
    state.arrivals.expected = event.count;
}

void apply_event(State& state, const AgentsSettled&) { state.arrivals.settling = false; }

void apply_event(State& state, const SweepPaused& event) {
    get_sweep(state, event.sweep).paused = true;
}

void apply_event(State& state, const SweepResumed& event) {
    SweepRecord& sweep = get_sweep(state, event.sweep);
    sweep.paused = false;
    if (event.world_size != 0) sweep.world_size = event.world_size;
}

void apply_event(State& state, const SweepCancelled& event) {
    SweepRecord& sweep = get_sweep(state, event.sweep);
    sweep.cancelled = true;
    sweep.paused = false;
}

void apply_event(State& state, const SweepReopened& event) {
    SweepRecord& sweep = get_sweep(state, event.sweep);
    sweep.ended = false;
    if (event.suggests_again) sweep.cancelled = false;
    state.open.insert(event.sweep);
}

void apply_event(State& state, const SearchEnded& event) {
    SweepRecord& sweep = get_sweep(state, event.sweep);
    sweep.exhausted = true;
    sweep.search_end = event.reason;
}

void apply_event(State& state, const AgentDraining& event) {
    const auto it = state.agents.find(event.agent);
    if (it == state.agents.end() || it->second.epoch != event.epoch) return;
    it->second.draining = true;
    it->second.drain_reason = event.reason;
}

void apply_event(State& state, const AgentReturned& event) {
    const auto it = state.agents.find(event.agent);
    if (it == state.agents.end() || it->second.epoch != event.epoch) return;
    it->second.draining = false;
    it->second.drain_reason.clear();
}

// A profile that this release cannot read is none.
void apply_event(State& state, const ProfileLearned& event) {
    auto profile = plan::parse_profile(event.profile);
    if (profile) state.profiles.insert_or_assign(profile->key, std::move(*profile));
}

}  // namespace

void apply(State& state, const Event& event) {
    std::visit([&state](const auto& e) { apply_event(state, e); }, event);
}

}  // namespace bw::core
