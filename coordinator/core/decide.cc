#include "coordinator/core/core.h"
#include "coordinator/core/draft.h"
#include "coordinator/core/handlers.h"
#include "coordinator/core/queue.h"
#include "coordinator/core/stopping.h"

namespace bw::core {
namespace {

void handle(Draft& draft, const SubmitSweep& input) { on_submit(draft, input); }

void handle(Draft& draft, const AgentHello& input) { on_hello(draft, input); }

void handle(Draft& draft, const AgentGone& input) { on_gone(draft, input); }

void handle(Draft& draft, const AgentReport& input) {
    if (const auto* ended = std::get_if<RankEnded>(&input.fact))
        on_rank_ended(draft, input, *ended);
    if (const auto* learned = std::get_if<ProfileLearned>(&input.fact))
        on_profile(draft, input, *learned);
}

void handle(Draft& draft, const CancelJobs& input) { on_cancel(draft, input); }

void handle(Draft& draft, const PauseJobs& input) { on_pause(draft, input); }

void handle(Draft& draft, const ResumeJobs& input) { on_resume(draft, input); }

void handle(Draft& draft, const RetryJobs& input) { on_retry(draft, input); }

void handle(Draft& draft, const DrainAgent& input) { on_drain(draft, input); }

void handle(Draft& draft, const ReturnAgent& input) { on_return(draft, input); }

void handle(Draft& draft, const LearnProfiles& input) { on_learn(draft, input); }

void handle(Draft& draft, const SearcherAnswered& input) { on_answer(draft, input); }

void handle(Draft&, const Tick&) {}

bool is_plain_news(const Input& input) {
    const auto* report = std::get_if<AgentReport>(&input);
    return report != nullptr && !std::holds_alternative<RankEnded>(report->fact) &&
           !std::holds_alternative<ProfileLearned>(report->fact);
}

std::vector<Event> judge_news(const State& state, const EpochMeasured& news, Instant now) {
    Draft draft(state, now);
    draft.add(news);
    judge(draft, news);
    settle_queue(draft);
    return draft.take_events();
}

}  // namespace

std::vector<Event> decide(const State& state, const Input& input, Instant now) {
    if (is_plain_news(input)) {
        std::vector<Event> news = news_of(state, std::get<AgentReport>(input), now);
        const auto* measured = news.empty() ? nullptr : std::get_if<EpochMeasured>(&news.front());
        const bool is_all = measured == nullptr || !is_judged(state, measured->job);
        return is_all ? news : judge_news(state, *measured, now);
    }
    Draft draft(state, now);
    std::visit([&draft](const auto& i) { handle(draft, i); }, input);
    settle_agents(draft);
    settle_queue(draft);
    return draft.take_events();
}

std::optional<Instant> next_timer(const State& state) {
    if (has_points_due(state)) return Instant{};
    std::optional<Instant> next = agents_settle_at(state);
    for (const JobId id : state.unfinished) {
        const JobRecord& job = state.jobs.at(id);
        if (job.state == JobState::waiting_retry && (!next || job.not_before < *next))
            next = job.not_before;
    }
    return next;
}

}  // namespace bw::core
