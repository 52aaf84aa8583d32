// One handler per input. Private to coordinator/core; decide.cc says what follows each.
#pragma once

#include <optional>
#include <vector>

#include "coordinator/core/draft.h"
#include "coordinator/core/input.h"
#include "coordinator/core/retry.h"

namespace bw::core {

void on_submit(Draft& draft, const SubmitSweep& input);
void on_cancel(Draft& draft, const CancelJobs& input);
void on_pause(Draft& draft, const PauseJobs& input);
void on_resume(Draft& draft, const ResumeJobs& input);
void on_retry(Draft& draft, const RetryJobs& input);
void on_drain(Draft& draft, const DrainAgent& input);
void on_return(Draft& draft, const ReturnAgent& input);
void on_hello(Draft& draft, const AgentHello& input);
void on_gone(Draft& draft, const AgentGone& input);
void on_answer(Draft& draft, const SearcherAnswered& input);

/// Decides that no more agents come, once the expected ones are there or enough time has passed.
void settle_agents(Draft& draft);

/// When that time has passed; nothing when it is decided.
std::optional<Instant> agents_settle_at(const State& state);

/// A rank's end may free slots and end jobs.
void on_rank_ended(Draft& draft, const AgentReport& report, const RankEnded& fact);

/// Jobs may have waited for it.
void on_profile(Draft& draft, const AgentReport& report, const ProfileLearned& fact);

void on_learn(Draft& draft, const LearnProfiles& input);

/// Every other fact of an agent: noted down when it is news of the live attempt, without any
/// further decision.
std::vector<Event> news_of(const State& state, const AgentReport& report, Instant now);

}  // namespace bw::core
