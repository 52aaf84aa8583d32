#include <algorithm>

#include "sweeps/parse.h"
#include "tests/coordinator/journal/random_history.h"

namespace bw::test {
namespace {

constexpr const char* kSweep =
    "method: grid\n"
    "parameters:\n"
    "  model: {value: cnn}\n"
    "  learning_rate: {values: [0.1, 0.01]}\n"
    "# ";

}  // namespace

std::string RandomHistory::text() {
    std::string bytes(rng_.below(20), ' ');
    for (char& c : bytes) c = static_cast<char>(rng_.below(256));
    return bytes;
}

std::vector<core::Event> RandomHistory::next() {
    for (;;) {
        std::vector<core::Event> events = propose();
        if (events.empty()) continue;
        for (const auto& event : events) core::apply(state_, event);
        return events;
    }
}

std::vector<std::vector<core::Event>> RandomHistory::batches(std::size_t count) {
    std::vector<std::vector<core::Event>> made;
    for (std::size_t i = 0; i < count; ++i) made.push_back(next());
    return made;
}

std::vector<core::Event> RandomHistory::propose() {
    if (state_.sweeps.empty() || one_in(40)) return {submit()};
    if (state_.agents.empty() || one_in(40)) return {join()};
    if (one_in(60)) {
        const auto& agent =
            std::next(state_.agents.begin(), rng_.below(state_.agents.size()))->second;
        return {core::AgentLost{agent.id, agent.epoch, text(), now()}};
    }
    if (one_in(60)) {
        return on_agent(std::next(state_.agents.begin(), rng_.below(state_.agents.size()))->second);
    }
    if (one_in(40)) {
        const auto& job = std::next(state_.jobs.begin(), rng_.below(state_.jobs.size() + 1));
        if (job != state_.jobs.end()) return on_any_job(job->second);
    }
    if (state_.unfinished.empty() || one_in(10)) {
        return on_sweep(std::next(state_.sweeps.begin(), rng_.below(state_.sweeps.size()))->second);
    }
    const JobId id = *std::next(state_.unfinished.begin(), rng_.below(state_.unfinished.size()));
    return on_job(state_.jobs.at(id));
}

core::Event RandomHistory::submit() {
    // Some texts cannot be read by this release: a replay must bear them.
    const std::string yaml = one_in(8) ? text() : kSweep + std::to_string(rng_.next());
    return core::SweepSubmitted{
        {state_.sweeps_last + 1}, "sweep.yaml", yaml, std::to_string(rng_.next()), now()};
}

std::vector<core::Event> RandomHistory::on_sweep(const core::SweepRecord& sweep) {
    if (one_in(10)) return {core::SweepEnded{sweep.id, now()}};
    switch (rng_.below(30)) {
        case 0:
            return {core::SweepPaused{sweep.id, now()}};
        case 1:
            return {core::SweepResumed{sweep.id, static_cast<int>(rng_.below(4)), now()}};
        case 2:
            return {core::SweepCancelled{sweep.id, now()}};
        case 3:
            return {core::SweepReopened{sweep.id, one_in(2), now()}};
        default:
            break;
    }
    if (one_in(10))
        return {core::SweepLimitsChanged{sweep.id, kSweep + std::to_string(rng_.next())}};
    core::PointsSuggested suggested{.sweep = sweep.id, .points = {}, .exhausted = one_in(3)};
    for (std::uint64_t n = 1 + rng_.below(4); n > 0; --n) {
        const std::uint64_t place = suggested.points.size();
        suggested.points.push_back(
            {{state_.jobs_last + 1 + place},
             sweep.jobs.size() + place,
             text(),
             "{\"model\":\"cnn\"}"}
        );
    }
    return {suggested};
}

/// Now and then one that no release can read.
std::string RandomHistory::profile() {
    if (one_in(10)) return text();
    plan::Profile profile;
    profile.key = "key" + std::to_string(rng_.below(3));
    profile.network = "network";
    profile.static_bytes = static_cast<std::int64_t>(rng_.next() >> 20);
    profile.peak = plan::PeakModel({{rng_.normal(), rng_.normal(), 0}}, plan::Exactness::by_phase);
    profile.confirmed.push_back({4, 1, 1000});
    return plan::to_text(profile);
}

core::Event RandomHistory::join() {
    core::AgentJoined joined;
    joined.agent = {state_.agents_last + 1};
    if (!state_.agents.empty() && one_in(3))
        joined.agent = state_.agents.begin()->first;  // comes back
    joined.epoch = state_.agent_epochs_last + 1;
    joined.name = "agent-" + std::to_string(joined.agent.value);
    joined.host = text();
    for (std::uint64_t n = 1 + rng_.below(4); n > 0; --n) {
        joined.slots.push_back({text(), static_cast<std::int64_t>(rng_.next() >> 20), 2});
    }
    joined.at = now();
    joined.metrics_port = static_cast<int>(rng_.below(65536));
    return joined;
}

std::vector<core::Event> RandomHistory::on_agent(const core::AgentRecord& agent) {
    if (one_in(4)) return {core::AgentsExpected{static_cast<int>(rng_.below(9)), now()}};
    if (one_in(4)) return {core::AgentsSettled{now()}};
    if (one_in(2)) return {core::AgentReturned{agent.id, agent.epoch, now()}};
    return {core::AgentDraining{agent.id, agent.epoch, text(), now()}};
}

std::vector<core::Event> RandomHistory::on_any_job(const core::JobRecord& job) {
    using enum core::JobState;
    if (job.state == failed || job.state == cancelled || job.state == refused)
        return {core::JobReopened{job.id, now()}};
    return {core::JobWorldSizeSet{job.id, static_cast<int>(rng_.below(5))}};
}

std::vector<core::Event> RandomHistory::on_job(const core::JobRecord& job) {
    if (const auto* attempt = core::live_attempt(job)) return on_attempt(job, *attempt);
    if (one_in(20)) {
        return {core::JobEnded{
            job.id, core::JobState::cancelled, text(), std::nullopt, now(), lost_time()}};
    }
    if (job.state == core::JobState::paused) return {core::JobResumed{job.id, now()}};
    if (one_in(20)) return {core::JobPaused{job.id, 0, text(), now()}};
    return place(job);
}

std::vector<core::Event> RandomHistory::place(const core::JobRecord& job) {
    core::AttemptPlaced placed;
    placed.job = job.id;
    placed.attempt = static_cast<std::uint32_t>(job.attempts.size() + 1);
    const std::size_t ranks = 1 + rng_.below(3);
    for (const auto& [id, agent] : state_.agents) {
        for (std::uint32_t slot = 0; slot < agent.busy.size(); ++slot) {
            if (agent.live && !agent.busy[slot] && placed.slots.size() < ranks)
                placed.slots.push_back({id, slot});
        }
    }
    if (placed.slots.empty()) return {};
    placed.plan = {64, static_cast<int>(placed.slots.size()), 32, 32, 2};
    placed.resume = job.checkpoint;
    placed.at = now();
    return {placed};
}

std::vector<core::Event> RandomHistory::on_attempt(
    const core::JobRecord& job, const core::AttemptRecord& attempt
) {
    const std::uint32_t number = attempt.number;
    const bool all_ended = std::ranges::all_of(attempt.ranks, &core::RankRecord::ended);
    if (all_ended && one_in(2)) {
        return {
            core::JobRequeued{job.id, number, one_in(2), text(), one_in(2) ? now() : Instant{}}};
    }
    if (all_ended && one_in(3)) return {core::JobPaused{job.id, number, text(), now()}};
    if (all_ended) {
        return {core::JobEnded{
            job.id, core::JobState::failed, text(), attempt.result, now(), lost_time()}};
    }
    switch (rng_.below(8)) {
        case 0:
            return {core::StoreOpened{job.id, number, text(), static_cast<int>(rng_.below(65536))}};
        case 1:
            return {run(job.id, number)};
        case 2:
            return {core::CheckpointAccepted{
                job.id, number, {static_cast<std::int64_t>(rng_.below(99)), text()}}};
        case 7:
            return {core::ProfileLearned{job.id, number, profile(), now()}};
        case 3:
            return {core::EpochMeasured{
                job.id,
                number,
                static_cast<int>(rng_.below(5)),
                9,
                {{"train_loss", rng_.normal()}}}};
        case 4: {
            const auto kind = static_cast<core::StopKind>(1 + rng_.below(3));
            const auto after = static_cast<core::AfterStop>(rng_.below(4));
            return {core::AttemptStopping{job.id, number, kind, text(), after}};
        }
        default:
            break;
    }
    return {end_rank(job, attempt)};
}

core::Event RandomHistory::run(JobId job, std::uint32_t attempt) {
    core::AttemptRunning running{job, attempt, 3, 100, text(), now(), {}};
    for (std::uint32_t earlier = 1; earlier < attempt; ++earlier) {
        if (one_in(2)) running.lost.push_back({earlier, 7, lost_time(), text()});
    }
    return running;
}

core::Event RandomHistory::end_rank(
    const core::JobRecord& job, const core::AttemptRecord& attempt
) {
    core::RankEnded ended;
    ended.job = job.id;
    ended.attempt = attempt.number;
    ended.rank = static_cast<int>(rng_.below(attempt.ranks.size()));
    ended.outcome = static_cast<core::RankOutcome>(1 + rng_.below(5));
    ended.retry = one_in(2);
    ended.step = static_cast<std::int64_t>(rng_.below(100));
    ended.reason = text();
    if (one_in(2)) ended.result = result();
    ended.at = now();
    return ended;
}

core::JobResult RandomHistory::result() {
    core::JobResult made;
    made.weights_sha256 = std::to_string(rng_.next());
    made.samples_per_step_min = 63;
    made.samples_per_step_max = 64;
    made.micro_batch = 8;
    made.accumulation = 4;
    made.peak_bytes = static_cast<std::int64_t>(rng_.next() >> 8);
    made.metrics = {{"test_accuracy", rng_.uniform()}, {"train_loss", rng_.normal()}};
    return made;
}

}  // namespace bw::test
