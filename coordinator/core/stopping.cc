#include "coordinator/core/stopping.h"

#include <algorithm>

#include "coordinator/core/curves.h"
#include "coordinator/core/rungs.h"
#include "sweeps/hyperband.h"
#include "sweeps/search/stopping.h"

namespace bw::core {
namespace {

using Rule = sweeps::Stopper::Rule;

// A running job that nobody has told to stop yet.
const AttemptRecord* find_running(const View& view, JobId id) {
    const JobRecord& job = view.job(id);
    const AttemptRecord* attempt = live_attempt(job);
    const bool runs = job.state == JobState::running && attempt != nullptr && !attempt->stopping;
    return runs ? attempt : nullptr;
}

void stop_job(Draft& draft, JobId id, const std::string& reason) {
    const AttemptRecord* attempt = find_running(draft.view(), id);
    if (attempt == nullptr) return;
    draft.add(AttemptStopping{id, attempt->number, StopKind::cancel, reason, AfterStop::stop});
}

std::string after_reports(std::size_t reports) {
    return " after " + std::to_string(reports) + (reports == 1 ? " report" : " reports");
}

class Judge {
public:
    Judge(Draft& draft, const SweepRecord& sweep, const EpochMeasured& news)
        : draft_(draft),
          sweep_(*sweep.sweep),
          id_(sweep.id),
          job_(news.job),
          curves_(draft, sweep, &news),
          own_(curves_.of(news.job)) {}

    void decide() {
        if (sweep_.metric->target) by_target();
        if (sweep_.early_terminate) by_hyperband(*sweep_.early_terminate);
        switch (sweep_.options.stopper.rule) {
            case Rule::none:
                return;
            case Rule::asha:
                return hold_at_rung(draft_, id_, job_, curves_);
            case Rule::median:
                return by_median();
            case Rule::patience:
                return by_patience();
        }
    }

private:
    void by_target() {
        const double target =
            sweep_.metric->maximize ? -*sweep_.metric->target : *sweep_.metric->target;
        const auto report = search::reached_at(target, own_);
        if (!report || !draft_.view().sweep(id_).search_end.empty()) return;
        end_search(
            draft_,
            id_,
            "point " + std::to_string(draft_.view().job(job_).ordinal) + " reached the target: " +
                curves_.text(own_[*report - 1]) + after_reports(*report) + " (metric.target)"
        );
    }

    // The thresholds move with every report, so every running job is asked again.
    void by_hyperband(const sweeps::HyperbandRule& rule) {
        std::vector<Losses> histories;
        for (const JobId id : curves_.jobs()) histories.push_back(curves_.of(id));
        const std::vector<double> thresholds = sweeps::thresholds_of(rule, histories);
        for (std::size_t i = 0; i < histories.size(); ++i) {
            const JobId id = curves_.jobs()[i];
            const auto band = sweeps::failed_band(rule, thresholds, histories[i]);
            if (!band || find_running(draft_.view(), id) == nullptr) continue;
            const auto at = static_cast<std::size_t>(
                std::find(rule.bands.begin(), rule.bands.end(), *band) - rule.bands.begin()
            );
            const double value = rule.strict
                                     ? histories[i][static_cast<std::size_t>(*band) - 1]
                                     : *std::min_element(histories[i].begin(), histories[i].end());
            stop_job(
                draft_,
                id,
                "behind at band " + short_text(*band) + ": " + curves_.text(value) + ", needed " +
                    curves_.text(thresholds[at]) + " (early_terminate)"
            );
        }
    }

    void by_median() {
        const sweeps::Stopper& stopper = sweep_.options.stopper;
        const search::MedianRule rule{stopper.min_iter, static_cast<std::size_t>(stopper.min_jobs)};
        std::vector<Losses> others;
        for (const JobId id : curves_.jobs()) {
            if (id != job_) others.push_back(curves_.of(id));
        }
        if (!search::is_below_median(rule, own_, others)) return;
        stop_job(
            draft_,
            job_,
            "worse than the median of the others" + after_reports(own_.size()) + ": best " +
                curves_.text(*std::min_element(own_.begin(), own_.end())) + " (batchwright.stopper)"
        );
    }

    void by_patience() {
        const sweeps::Stopper& stopper = sweep_.options.stopper;
        if (!search::has_stalled({stopper.reports, stopper.min_delta}, own_)) return;
        stop_job(
            draft_,
            job_,
            "no improvement in the last " + std::to_string(stopper.reports) + " reports: best " +
                curves_.text(*std::min_element(own_.begin(), own_.end())) + " (batchwright.stopper)"
        );
    }

    Draft& draft_;
    const sweeps::Sweep& sweep_;
    SweepId id_;
    JobId job_;
    Curves curves_;
    Losses own_;
};

bool has_rules(const sweeps::Sweep& sweep) {
    return sweep.metric && (sweep.metric->target || sweep.early_terminate ||
                            sweep.options.stopper.rule != Rule::none);
}

}  // namespace

bool is_judged(const State& state, JobId id) {
    const auto job = state.jobs.find(id);
    if (job == state.jobs.end()) return false;
    return has_rules(*state.sweeps.at(job->second.sweep).sweep);
}

void judge(Draft& draft, const EpochMeasured& news) {
    const SweepRecord& sweep = draft.view().sweep(draft.view().job(news.job).sweep);
    Judge(draft, sweep, news).decide();
}

void judge_target(Draft& draft, SweepId id) {
    const SweepRecord& sweep = draft.view().sweep(id);
    if (!sweep.sweep->metric || !sweep.sweep->metric->target) return;
    const double target = sweep.sweep->metric->maximize ? -*sweep.sweep->metric->target
                                                        : *sweep.sweep->metric->target;
    const Curves curves(draft, sweep);
    for (const JobId job : curves.jobs()) {
        if (!search::reached_at(target, curves.of(job))) continue;
        return end_search(
            draft,
            id,
            "point " + std::to_string(draft.view().job(job).ordinal) +
                " reached the target (metric.target)"
        );
    }
}

}  // namespace bw::core
