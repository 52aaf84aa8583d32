#include "coordinator/core/retry.h"

#include <algorithm>
#include <array>

#include "coordinator/core/limits.h"
#include "coordinator/core/memory_constraints.h"

namespace bw::core {
namespace {

constexpr const char* kStoppedByAgent = "was stopped by its agent";

bool has_stopped(const RankRecord& rank) {
    return rank.ended && rank.outcome == RankOutcome::stopped;
}

bool is_bad(const RankRecord& rank) {
    return rank.ended && rank.outcome != RankOutcome::finished &&
           rank.outcome != RankOutcome::stopped;
}

// How likely a rank's end is the cause of the attempt's, most likely first. When one rank goes, its
// peers fail with "connection closed", and those that are killed then die: only what another
// attempt cannot change, the loss of an agent, and a death before anybody was told to stop tell
// more than who was first.
int cause_class(const RankRecord& rank) {
    if (!is_bad(rank)) return 4;
    if (rank.outcome == RankOutcome::refused) return 0;
    if (rank.outcome == RankOutcome::failed) return rank.retry ? 2 : 0;
    return rank.outcome == RankOutcome::died && rank.told_to_stop ? 3 : 1;
}

std::size_t find_cause(const AttemptRecord& attempt) {
    std::size_t best = 0;
    for (std::size_t i = 1; i < attempt.ranks.size(); ++i) {
        const auto key = [&](std::size_t rank) {
            return std::pair(cause_class(attempt.ranks[rank]), attempt.ranks[rank].order);
        };
        if (key(i) < key(best)) best = i;
    }
    return best;
}

std::string describe(const AttemptRecord& attempt, std::size_t index) {
    const RankRecord& rank = attempt.ranks[index];
    std::string text = "rank " + std::to_string(index) + " " + name_of(rank.outcome);
    if (!rank.reason.empty()) text += ": " + rank.reason;
    return text;
}

Duration retry_delay(std::int64_t retries_used) {
    Duration delay = kRetryDelayFirst;
    for (std::int64_t i = 0; i < retries_used && delay < kRetryDelayMax; ++i) delay.ns *= 2;
    return std::min(delay, kRetryDelayMax);
}

bool has_died(const AttemptRecord& attempt) {
    return attempt.ranks[find_cause(attempt)].outcome == RankOutcome::died;
}

struct Deaths {
    int without_progress =
        0;                    // the newest attempts in a row that died and left no newer checkpoint
    int before_training = 0;  // the newest of these in a row that had not begun to train
};

Deaths count_deaths(const JobRecord& job) {
    Deaths deaths;
    bool none_trained = true;
    for (std::size_t i = job.attempts.size(); i-- > 0;) {
        const AttemptRecord& attempt = job.attempts[i];
        const std::optional<Checkpoint>& after =
            i + 1 < job.attempts.size() ? job.attempts[i + 1].resume : job.checkpoint;
        const bool was_asked = attempt.after != AfterStop::as_it_ended;
        if (i < job.pardon || was_asked || !has_died(attempt) || after != attempt.resume) break;
        none_trained = none_trained && !attempt.running;
        ++deaths.without_progress;
        if (none_trained) ++deaths.before_training;
    }
    return deaths;
}

class Conclusion {
public:
    Conclusion(Draft& draft, const JobRecord& job)
        : draft_(draft), job_(job), attempt_(job.attempts.back()), cause_(find_cause(attempt_)) {}

    void decide() const {
        const RankRecord& cause = attempt_.ranks[cause_];
        if (std::ranges::all_of(attempt_.ranks, has_finished)) return finish();
        if (attempt_.after == AfterStop::stop) return stop_early();
        if (attempt_.stopping == StopKind::cancel)
            return end(JobState::cancelled, attempt_.stop_reason);
        switch (attempt_.after) {
            case AfterStop::cancel:
                return end(JobState::cancelled, attempt_.stop_reason);
            case AfterStop::pause:
            case AfterStop::requeue:
            case AfterStop::hold:
                return is_hopeless(cause) ? give_up(cause) : hold_or_requeue();
            case AfterStop::stop:
            case AfterStop::as_it_ended:
                break;
        }
        switch (cause.outcome) {
            case RankOutcome::failed:
                return cause.retry ? try_again() : give_up(cause);
            case RankOutcome::died:
                return after_death();
            case RankOutcome::finished:
            case RankOutcome::stopped:
                return requeue(attempt_.stopping ? attempt_.stop_reason : kStoppedByAgent);
            case RankOutcome::lost:
                return requeue(reason());
            case RankOutcome::refused:
                return may_fit_elsewhere() ? requeue(reason()) : give_up(cause);
        }
    }

private:
    static bool has_finished(const RankRecord& rank) {
        return rank.outcome == RankOutcome::finished;
    }

    static bool is_hopeless(const RankRecord& rank) {
        return rank.outcome == RankOutcome::refused ||
               (rank.outcome == RankOutcome::failed && !rank.retry);
    }

    /// What it has learnt names slots that suffice, or such may still come.
    [[nodiscard]] bool may_fit_elsewhere() const {
        const Situation situation = make_situation(draft_.view(), draft_.now());
        return fits_other_slots(situation, job_, attempt_) ||
               may_fit_slots_to_come(situation, job_, attempt_);
    }

    [[nodiscard]] std::string reason() const { return describe(attempt_, cause_); }

    void finish() const {
        JobEnded ended;
        ended.job = job_.id;
        ended.state = JobState::finished;
        ended.result = attempt_.result;
        ended.at = draft_.now();
        ended.reason = "finished at step " + std::to_string(attempt_.stopped_step);
        draft_.add(std::move(ended));
    }

    void stop_early() const { draft_.add(early_end(job_.id, attempt_.stop_reason, draft_.now())); }

    void give_up(const RankRecord& cause) const {
        if (cause.outcome == RankOutcome::refused) return end(JobState::refused, cause.reason);
        end(JobState::failed, reason());
    }

    void end(JobState state, std::string why) const {
        draft_.add(unsuccessful_end(job_, state, std::move(why), draft_.now()));
    }

    void hold_or_requeue() const {
        if (attempt_.after == AfterStop::requeue) return requeue(attempt_.stop_reason);
        if (attempt_.after == AfterStop::hold) {
            return draft_.add(JobHeld{job_.id, attempt_.number, attempt_.stop_reason, draft_.now()}
            );
        }
        draft_.add(JobPaused{job_.id, attempt_.number, attempt_.stop_reason, draft_.now()});
    }

    void requeue(std::string why) const {
        draft_.add(JobRequeued{
            .job = job_.id, .attempt = attempt_.number, .reason = std::move(why), .not_before = {}}
        );
    }

    void try_again() const {
        const std::int64_t retries = draft_.view().sweep(job_.sweep).sweep->options.retries;
        if (job_.retries_used >= retries) {
            const std::string times =
                std::to_string(retries) + (retries == 1 ? " retry" : " retries");
            return end(JobState::failed, reason() + " (after " + times + ")");
        }
        JobRequeued requeued;
        requeued.job = job_.id;
        requeued.attempt = attempt_.number;
        requeued.counts_as_retry = true;
        requeued.reason = reason();
        requeued.not_before = draft_.now() + retry_delay(job_.retries_used);
        draft_.add(std::move(requeued));
    }

    void after_death() const {
        const Deaths deaths = count_deaths(job_);
        const bool are_too_many = deaths.before_training >= kDeathsWithoutProgressMax ||
                                  deaths.without_progress >= kDeathsWhileTrainingMax;
        if (!are_too_many) return requeue(reason());
        end(JobState::failed,
            reason() + " (the last " + std::to_string(deaths.without_progress) +
                " attempts died without progress)");
    }

    Draft& draft_;
    const JobRecord& job_;
    const AttemptRecord& attempt_;
    std::size_t cause_;
};

// Without the rank that is gone they can neither agree on a step nor go on.
void kill_peers(Draft& draft, JobId id, const AttemptRecord& attempt) {
    if (attempt.stopping == StopKind::kill) return;
    const std::string reason =
        attempt.stopping ? attempt.stop_reason : describe(attempt, find_cause(attempt));
    draft.add(AttemptStopping{id, attempt.number, StopKind::kill, reason, attempt.after});
}

}  // namespace

RankOutcome cause_of(const AttemptRecord& attempt) {
    return attempt.ranks[find_cause(attempt)].outcome;
}

JobEnded unsuccessful_end(const JobRecord& job, JobState state, std::string reason, Instant now) {
    JobEnded ended;
    ended.job = job.id;
    ended.state = state;
    ended.reason = std::move(reason);
    ended.at = now;
    for (const AttemptRecord& attempt : job.attempts) {
        if (!attempt.running) continue;
        const Duration time = attempt.ended_at - attempt.running_at;
        ended.lost.ns += std::max<std::int64_t>(time.ns, 0) * std::ssize(attempt.ranks);
    }
    for (const auto& [cause, time] : job.lost) ended.lost.ns -= time.ns;
    ended.lost.ns = std::max<std::int64_t>(ended.lost.ns, 0);
    return ended;
}

JobEnded early_end(JobId job, std::string reason, Instant now) {
    JobEnded ended;
    ended.job = job;
    ended.state = JobState::stopped;
    ended.reason = std::move(reason);
    ended.at = now;
    return ended;
}

void follow_up(Draft& draft, JobId id) {
    const JobRecord job = draft.view().job(id);  // a copy: the events change the record
    const AttemptRecord* attempt = live_attempt(job);
    if (attempt == nullptr) return;
    if (std::ranges::all_of(attempt->ranks, &RankRecord::ended))
        return Conclusion(draft, job).decide();
    if (std::ranges::any_of(attempt->ranks, is_bad)) return kill_peers(draft, id, *attempt);
    if (!attempt->stopping && std::ranges::any_of(attempt->ranks, has_stopped)) {
        draft.add(AttemptStopping{
            id, attempt->number, StopKind::preempt, kStoppedByAgent, AfterStop::requeue});
    }
}

}  // namespace bw::core
