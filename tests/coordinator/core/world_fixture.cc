#include "world_fixture.h"

#include "coordinator/core/answer.h"
#include "coordinator/core/trace.h"

namespace bw::core {

std::string text_of(const SweepText& sweep) {
    std::string seeds;
    for (int i = 0; i < sweep.points; ++i) seeds += (i == 0 ? "" : ", ") + std::to_string(i);
    return "method: grid\n" +
           (sweep.run_cap > 0 ? "run_cap: " + std::to_string(sweep.run_cap) + "\n" : "") +
           "parameters:\n"
           "  model: {value: " +
           sweep.model +
           "}\n"
           "  dataset: {value: fashion_mnist}\n"
           "  batch_size: {value: " +
           std::to_string(sweep.batch_size) +
           "}\n"
           "  seed: {values: [" +
           seeds +
           "]}\n"
           "batchwright:\n"
           "  world_size: " +
           std::to_string(sweep.world_size) + "\n" + sweep.options;
}

World::~World() {
    EXPECT_EQ(effects_.size(), 0u) << "every effect is claimed";
    State again;
    for (const Event& event : log) core::apply(again, event);
    EXPECT_TRUE(again == state) << "a replay of the log gives the live state";
}

void World::give(const Input& input) {
    last_events = decide(state, input, now);
    for (const Event& event : last_events) {
        core::apply(state, event);
        log.push_back(event);
        for (const std::string& broken : broken_invariants(state)) {
            ADD_FAILURE() << broken << "\nafter " << describe(event);
        }
        for (const Effect& effect : effects_of(state, event)) effects_.push_back(effect);
    }
}

std::string World::last() const {
    std::string text;
    for (const Event& event : last_events) text += describe(event) + "\n";
    return text;
}

AgentId World::agent(const std::string& name, int slots, const std::string& kind) {
    AgentHello hello;
    hello.name = name;
    hello.host = "127.0.0.1";
    hello.slots.assign(static_cast<std::size_t>(slots), SlotInfo{.kind = kind});
    give(hello);
    return find_agent(state, name)->id;
}

SweepId World::submit(const SweepText& sweep) {
    give(SubmitSweep{.file_name = "sweep.yaml", .text = text_of(sweep)});
    return {state.sweeps_last};
}

SweepId World::submit_text(const std::string& text) {
    give(SubmitSweep{.file_name = "sweep.yaml", .text = text});
    return {state.sweeps_last};
}

std::size_t World::answer_searchers() {
    std::size_t points = 0;
    for (const PointsWanted& wanted : wanted_points(state, now)) {
        const SweepRecord& sweep = state.sweeps.at(wanted.sweep);
        const std::size_t before = state.jobs.size();
        give(answer_of(*sweep.sweep, past_jobs(state, sweep), wanted));
        points += state.jobs.size() - before;
    }
    return points;
}

void World::pass(Duration time) {
    now = now + time;
    const auto due = next_timer(state);
    if (due && *due <= now) give(Tick{});
}

Placed World::expect_started(JobId job) {
    Placed placed{.job = job};
    for (auto it = effects_.begin(); it != effects_.end();) {
        const auto* start = std::get_if<StartRanks>(&*it);
        if (start == nullptr || start->job != job) {
            ++it;
            continue;
        }
        placed.attempt = start->attempt;
        it = effects_.erase(it);
    }
    EXPECT_NE(placed.attempt, 0u) << "job " << job.value << " was not started";
    return placed;
}

void World::expect_nothing_started() { EXPECT_TRUE(take<StartRanks>().empty()); }

void World::report(AgentId agent, const decltype(AgentReport::fact)& fact) {
    give(AgentReport{.agent = agent, .epoch = state.agents.at(agent).epoch, .fact = fact});
}

namespace {

AgentId agent_of(const State& state, const Placed& p, int rank) {
    const JobRecord& job = state.jobs.at(p.job);
    return job.attempts.at(p.attempt - 1).ranks.at(static_cast<std::size_t>(rank)).slot.agent;
}

}  // namespace

RankEnded end_of(const Placed& p, int rank, RankOutcome outcome) {
    RankEnded fact;
    fact.job = p.job;
    fact.attempt = p.attempt;
    fact.rank = rank;
    fact.outcome = outcome;
    return fact;
}

void World::store_opened(const Placed& p, int port) {
    report(agent_of(state, p, 0), StoreOpened{p.job, p.attempt, "10.0.0.1", port});
}

void World::running(const Placed& p, std::int64_t step) {
    AttemptRunning fact;
    fact.job = p.job;
    fact.attempt = p.attempt;
    fact.step = step;
    fact.total_steps = 100;
    report(agent_of(state, p, 0), fact);
}

void World::checkpoint(const Placed& p, std::int64_t step) {
    const Checkpoint at{.step = step, .path = "/state/" + std::to_string(step)};
    report(agent_of(state, p, 0), CheckpointAccepted{p.job, p.attempt, at});
}

void World::measured(const Placed& p, int epoch, const std::map<std::string, double>& values) {
    EpochMeasured fact;
    fact.job = p.job;
    fact.attempt = p.attempt;
    fact.epoch = epoch;
    fact.step = 10 * (epoch + 1);
    fact.values = values;
    report(agent_of(state, p, 0), fact);
}

void World::ended(const Placed& p, int rank, RankOutcome outcome, const std::string& reason) {
    RankEnded fact = end_of(p, rank, outcome);
    fact.reason = reason;
    report(agent_of(state, p, rank), fact);
}

void World::failed_for_good(const Placed& p, int rank, const std::string& reason) {
    RankEnded fact = end_of(p, rank, RankOutcome::failed);
    fact.retry = false;
    fact.reason = reason;
    report(agent_of(state, p, rank), fact);
}

void World::finished(const Placed& p) {
    const auto ranks = std::ssize(job(p.job.value).attempts.at(p.attempt - 1).ranks);
    for (int rank = 0; rank < ranks; ++rank) {
        RankEnded fact = end_of(p, rank, RankOutcome::finished);
        fact.step = 100;
        if (rank == 0) fact.result.emplace().weights_sha256 = "abc";
        report(agent_of(state, p, rank), fact);
    }
}

void World::gone(AgentId agent) {
    give(AgentGone{.agent = agent, .epoch = state.agents.at(agent).epoch, .reason = "lease ran out"}
    );
}

}  // namespace bw::core
