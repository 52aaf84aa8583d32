// Facts that agents report. A fact counts once, and only from the agent's live epoch about the
// job's live attempt: everything else is late, repeated, or from an attempt that was fenced off.
#include <algorithm>
#include <cmath>
#include <set>

#include "coordinator/core/handlers.h"
#include "coordinator/core/retry.h"

namespace bw::core {
namespace {

struct Subject {
    const JobRecord* job = nullptr;
    const AttemptRecord* attempt = nullptr;
};

Subject find_subject(
    const State& state, const AgentReport& report, JobId id, std::uint32_t number
) {
    const auto agent = state.agents.find(report.agent);
    const auto job = state.jobs.find(id);
    if (agent == state.agents.end() || job == state.jobs.end()) return {};
    if (!agent->second.live || agent->second.epoch != report.epoch) return {};
    const AttemptRecord* attempt = live_attempt(job->second);
    if (attempt == nullptr || attempt->number != number) return {};
    const bool holds_a_rank = std::ranges::any_of(attempt->ranks, [&](const RankRecord& rank) {
        return rank.slot.agent == report.agent;
    });
    return holds_a_rank ? Subject{&job->second, attempt} : Subject{};
}

void keep_finite(std::map<std::string, double>& values) {
    std::erase_if(values, [](const auto& entry) { return !std::isfinite(entry.second); });
}

using News = std::optional<Event>;

News news(const Subject& subject, StoreOpened fact, Instant) {
    const AttemptRecord& attempt = *subject.attempt;
    if (attempt.store_port == fact.port && attempt.store_host == fact.host) return std::nullopt;
    return fact;
}

// Only of attempts before it that have not been accounted for, each once; why they ended is for the
// coordinator to say.
void keep_news_of_loss(const Subject& subject, std::vector<LostWork>& lost) {
    const std::uint32_t first = account_from(*subject.job);
    std::set<std::uint32_t> seen;
    std::erase_if(lost, [&](const LostWork& one) {
        const bool is_due = first != 0 && one.attempt >= first &&
                            one.attempt < subject.attempt->number &&
                            seen.insert(one.attempt).second;
        return !is_due || one.steps <= 0 || one.time.ns < 0;
    });
    for (LostWork& one : lost)
        one.cause = name_of(cause_of(subject.job->attempts[one.attempt - 1]));
}

News news(const Subject& subject, AttemptRunning fact, Instant now) {
    if (subject.attempt->running) return std::nullopt;
    keep_news_of_loss(subject, fact.lost);
    fact.at = now;
    return fact;
}

News news(const Subject& subject, CheckpointAccepted fact, Instant) {
    const std::optional<Checkpoint>& newest = subject.job->checkpoint;
    if (newest && newest->step >= fact.checkpoint.step) return std::nullopt;
    return fact;
}

News news(const Subject& subject, EpochMeasured fact, Instant) {
    keep_finite(fact.values);
    const auto& epochs = subject.job->epochs;
    const auto known = std::ranges::find(epochs, fact.epoch, &EpochRecord::epoch);
    if (known != epochs.end() && known->step == fact.step && known->values == fact.values)
        return std::nullopt;
    return fact;
}

News news(const Subject&, const RankEnded&, Instant) { return std::nullopt; }  // on_rank_ended's

void learn(Draft& draft, ProfileLearned fact) {
    const auto profile = plan::parse_profile(fact.profile);
    if (!profile) return;
    const plan::Profile* known = draft.view().profile(profile->key);
    if (known != nullptr) {
        // Another job may have learnt of other micro-batches meanwhile.
        plan::Profile both = plan::merged(*known, *profile);
        if (both == *known) return;
        fact.profile = plan::to_text(both);
    }
    fact.at = draft.now();
    draft.add(std::move(fact));
}

}  // namespace

std::vector<Event> news_of(const State& state, const AgentReport& report, Instant now) {
    const News found = std::visit(
        [&](const auto& fact) -> News {
            if constexpr (requires { fact.job; }) {
                const Subject subject = find_subject(state, report, fact.job, fact.attempt);
                if (subject.attempt != nullptr) return news(subject, fact, now);
            }
            return std::nullopt;  // what is of no job is on_profile's
        },
        report.fact
    );
    return found ? std::vector<Event>{*found} : std::vector<Event>{};
}

void on_rank_ended(Draft& draft, const AgentReport& report, const RankEnded& fact) {
    const Subject subject = find_subject(draft.base(), report, fact.job, fact.attempt);
    if (subject.attempt == nullptr || fact.rank < 0 ||
        fact.rank >= std::ssize(subject.attempt->ranks))
        return;
    const RankRecord& rank = subject.attempt->ranks[static_cast<std::size_t>(fact.rank)];
    if (rank.ended || rank.slot.agent != report.agent) return;
    RankEnded ended = fact;
    ended.at = draft.now();
    if (ended.result) keep_finite(ended.result->metrics);
    draft.add(std::move(ended));
    follow_up(draft, fact.job);
}

void on_profile(Draft& draft, const AgentReport& report, const ProfileLearned& fact) {
    const Subject subject = find_subject(draft.base(), report, fact.measured_by, fact.attempt);
    if (subject.attempt != nullptr) learn(draft, fact);
}

void on_learn(Draft& draft, const LearnProfiles& input) {
    for (const std::string& profile : input.profiles)
        learn(draft, {.measured_by = {}, .attempt = 0, .profile = profile, .at = {}});
}

}  // namespace bw::core
