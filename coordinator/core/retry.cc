#include "coordinator/core/retry.h"

#include <algorithm>
#include <array>

#include "coordinator/core/limits.h"

namespace bw::core {
namespace {

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
        if (!has_died(attempt) || after != attempt.resume) break;
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
        if (attempt_.stopping == StopKind::cancel)
            return end(JobState::cancelled, attempt_.stop_reason);
        switch (cause.outcome) {
            case RankOutcome::failed:
                return cause.retry ? try_again() : end(JobState::failed, reason());
            case RankOutcome::died:
                return after_death();
            case RankOutcome::finished:
            case RankOutcome::stopped:
                return requeue(
                    attempt_.stopping ? attempt_.stop_reason : "was stopped by its agent"
                );
            case RankOutcome::lost:
                return requeue(reason());
        }
    }

private:
    static bool has_finished(const RankRecord& rank) {
        return rank.outcome == RankOutcome::finished;
    }

    [[nodiscard]] std::string reason() const { return describe(attempt_, cause_); }

    void finish() const {
        JobEnded ended{job_.id, JobState::finished, "", attempt_.result, draft_.now()};
        ended.reason = "finished at step " + std::to_string(attempt_.stopped_step);
        draft_.add(std::move(ended));
    }

    void end(JobState state, std::string why) const {
        draft_.add(JobEnded{job_.id, state, std::move(why), std::nullopt, draft_.now()});
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
        const bool is_hopeless = deaths.before_training >= kDeathsWithoutProgressMax ||
                                 deaths.without_progress >= kDeathsWhileTrainingMax;
        if (!is_hopeless) return requeue(reason());
        end(JobState::failed,
            reason() + " (the last " + std::to_string(deaths.without_progress) +
                " attempts died without progress)");
    }

    Draft& draft_;
    const JobRecord& job_;
    const AttemptRecord& attempt_;
    std::size_t cause_;
};

}  // namespace

void follow_up(Draft& draft, JobId id) {
    const JobRecord job = draft.view().job(id);  // a copy: the events change the record
    const AttemptRecord* attempt = live_attempt(job);
    if (attempt == nullptr) return;
    if (std::ranges::all_of(attempt->ranks, &RankRecord::ended))
        return Conclusion(draft, job).decide();
    if (attempt->stopping || std::ranges::none_of(attempt->ranks, is_bad)) return;
    draft.add(AttemptStopping{
        id, attempt->number, StopKind::kill, describe(*attempt, find_cause(*attempt))});
}

}  // namespace bw::core
