// The part of the meter that looks at the shell and at the books: when a commit or a request is
// over, and when /metrics is asked for.
#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "coordinator/observe/meter.h"
#include "coordinator/observe/totals.h"

namespace bw::observe {

using metrics::Label;

namespace {

// A method may be any word; a label's value may not.
std::string_view method_of(const api::Answered& answered) {
    constexpr std::array<std::string_view, 5> kMethods{"GET", "POST", "HEAD", "PUT", "DELETE"};
    const auto known = std::ranges::find(kMethods, answered.method);
    return known == kMethods.end() ? "other" : *known;
}

std::set<AttemptId> attempts_with_slots(const core::State& state) {
    std::set<AttemptId> attempts;
    for (const auto& [id, agent] : state.agents) {
        for (const auto& busy : agent.busy) {
            if (busy) attempts.insert(*busy);
        }
    }
    return attempts;
}

}  // namespace

void Meter::note_dispatch(const api::Books& books, AttemptId attempt, Instant now) {
    const auto job = books.state.jobs.find(attempt.job);
    if (job == books.state.jobs.end() || attempt.number > job->second.attempts.size()) return;
    const Instant placed_at = job->second.attempts.at(attempt.number - 1).placed_at;
    const Duration took{std::max<std::int64_t>((now - placed_at).ns, 0)};
    sink_.observe("dispatch_seconds", took.seconds());
    const metrics::JobKey key{job->second.sweep, job->second.ordinal, attempt.job};
    sink_.set("job_dispatch_seconds", took.seconds(), key);
}

void Meter::note_commit(
    Duration took, std::uint64_t events, const std::vector<Duration>& decisions
) {
    sink_.observe("journal_commit_seconds", took.seconds());
    sink_.add("journal_events_total", static_cast<double>(events));
    for (const Duration decided_in : decisions)
        sink_.observe("decision_seconds", decided_in.seconds());
}

void Meter::note_request(const api::Answered& answered) {
    sink_.add("http_requests_total", 1, method_of(answered), answered.route, answered.status);
    if (answered.is_stream) return;
    sink_.observe("http_request_seconds", answered.took.seconds(), answered.route);
}

void Meter::take(const Books&, const core::AgentJoined& event, Instant) {
    sink_.keep(Label::agent, event.name);
}

void Meter::take(const Books& books, const core::AgentLost& event, Instant now) {
    const auto agent = books.state.agents.find(event.agent);
    if (agent == books.state.agents.end() || agent->second.live) return;
    const std::string& name = agent->second.name;
    sink_.set("agent_up", 0, name);
    sink_.set("slots", 0, name);
    sink_.set("slots_busy", 0, name);
    sink_.retire(Label::agent, name, now);
}

metrics::Exposition Meter::expose(const Books& books, std::uint64_t journal_bytes, Instant now) {
    const std::size_t open = books.state.open.size();
    sink_.set("sweeps", static_cast<double>(open), "open");
    sink_.set("sweeps", static_cast<double>(books.state.sweeps.size() - open), "ended");
    for (const SweepId id : open_) set_jobs(books, id);
    set_waiting(books, now);
    raise_work(books, now);
    set_agents(books);
    sink_.set("journal_size_bytes", static_cast<double>(journal_bytes));
    return metrics::expose(sink_, now);
}

void Meter::set_waiting(const Books& books, Instant now) {
    Duration oldest;
    for (const auto& [id, since] : waiting_) {
        const Duration waits{std::max<std::int64_t>((now - since).ns, 0)};
        oldest = std::max(oldest, waits);
        const core::JobRecord& job = books.state.jobs.at(id);
        if (job.attempts.empty()) continue;
        const Duration all{waited_[id].ns + waits.ns};
        const metrics::JobKey key{job.sweep, job.ordinal, id};
        sink_.raise("job_queue_seconds_total", all.seconds(), key);
    }
    sink_.set("queue_oldest_seconds", oldest.seconds());
}

void Meter::raise_work(const Books& books, Instant now) {
    std::map<SweepId, Duration> held = held_;
    for (const AttemptId id : attempts_with_slots(books.state)) {
        const core::JobRecord& job = books.state.jobs.at(id.job);
        held[job.sweep].ns += held_by(job.attempts.at(id.number - 1), now).ns;
        const metrics::JobKey key{job.sweep, job.ordinal, id.job};
        sink_.raise("job_work_device_seconds_total", held_by(job, now).seconds(), key);
    }
    for (const SweepId id : open_) sink_.raise("work_device_seconds_total", held[id].seconds(), id);
}

void Meter::set_agents(const Books& books) {
    std::size_t live = 0;
    for (const auto& [id, agent] : books.state.agents) {
        if (!agent.live) continue;
        ++live;
        const auto busy =
            std::ranges::count_if(agent.busy, [](const auto& slot) { return slot.has_value(); });
        sink_.set("agent_up", 1, agent.name);
        sink_.set("slots", static_cast<double>(agent.slots.size()), agent.name);
        sink_.set("slots_busy", static_cast<double>(busy), agent.name);
    }
    sink_.set("agents_live", static_cast<double>(live));
}

}  // namespace bw::observe
