#include "coordinator/core/rungs.h"

#include <algorithm>

#include "coordinator/core/constraints.h"
#include "coordinator/core/retry.h"
#include "coordinator/core/stopping.h"
#include "sweeps/search/asha.h"

namespace bw::core {
namespace {

using search::RungRecord;
using search::Supply;

bool has_rungs(const SweepRecord& sweep) {
    return sweep.sweep->metric && sweep.sweep->options.stopper.rule == sweeps::Stopper::Rule::asha;
}

RungRecord::Progress progress_of(const JobRecord& job) {
    if (is_terminal(job.state)) return RungRecord::Progress::ended;
    return job.held ? RungRecord::Progress::paused : RungRecord::Progress::running;
}

// A sweep's jobs as halving sees them, and its options: no rung beyond what anyone has reached.
struct Ladder {
    search::AshaOptions options;
    std::vector<RungRecord> records;
    std::vector<std::int64_t> rungs;
    Supply supply = Supply::open;
};

Ladder ladder_of(const Draft& draft, const SweepRecord& sweep, const Curves& curves) {
    const sweeps::Stopper& stopper = sweep.sweep->options.stopper;
    Ladder ladder;
    std::vector<Losses> histories;
    std::size_t longest = 0;
    bool any_new = false;
    for (const JobId id : curves.jobs()) {
        histories.push_back(curves.of(id));
        longest = std::max(longest, histories.back().size());
        const JobRecord& job = draft.view().job(id);
        any_new = any_new || (!is_terminal(job.state) && job.attempts.empty());
    }
    if (sweep.exhausted && !any_new) ladder.supply = Supply::exhausted;
    ladder.options.min_iter = stopper.min_iter;
    ladder.options.eta = stopper.eta;
    ladder.options.max_iter = static_cast<std::int64_t>(longest) + 1;
    if (stopper.max_iter > 0)
        ladder.options.max_iter = std::min(ladder.options.max_iter, stopper.max_iter);
    ladder.rungs = search::rungs_of(ladder.options);
    for (std::size_t i = 0; i < histories.size(); ++i) {
        const JobId id = curves.jobs()[i];
        RungRecord record{id.value, {}, progress_of(draft.view().job(id))};
        for (const std::int64_t rung : ladder.rungs) {
            if (static_cast<std::size_t>(rung) > histories[i].size()) break;
            record.losses.push_back(histories[i][static_cast<std::size_t>(rung) - 1]);
        }
        if (!record.losses.empty()) ladder.records.push_back(std::move(record));
    }
    return ladder;
}

const RungRecord& record_of(const Ladder& ladder, JobId job) {
    return *std::ranges::find(ladder.records, job.value, &RungRecord::job);
}

// "rung 9: test_accuracy 0.85, 4th of 12".
std::string standing(const Ladder& ladder, JobId job, const Curves& curves) {
    const RungRecord& own = record_of(ladder, job);
    const std::size_t rung = own.losses.size() - 1;
    std::size_t reached = 0, better = 0;
    for (const RungRecord& record : ladder.records) {
        if (record.losses.size() <= rung) continue;
        ++reached;
        if (record.losses[rung] < own.losses[rung]) ++better;
    }
    return "rung " + std::to_string(ladder.rungs[rung]) + ": " + curves.text(own.losses[rung]) +
           ", place " + std::to_string(better + 1) + " of " + std::to_string(reached);
}

// Held jobs that nothing can bring on any more: their rungs are all that will ever be.
void end_leftovers(Draft& draft, const SweepRecord& sweep, const Curves& curves) {
    std::vector<JobId> held;
    for (const JobId id : draft.view().unfinished()) {
        const JobRecord& job = draft.view().job(id);
        if (job.sweep != sweep.id) continue;
        if (!job.held) return;
        held.push_back(id);
    }
    const Ladder ladder = ladder_of(draft, sweep, curves);
    for (const JobId id : held)
        draft.add(early_end(id, "not promoted from " + standing(ladder, id, curves), draft.now()));
}

void settle(Draft& draft, SweepId id) {
    const SweepRecord& sweep = draft.view().sweep(id);
    const Curves curves(draft, sweep);
    std::int64_t room = free_gangs(make_situation(draft.view(), draft.now()), sweep);
    for (;;) {
        const Ladder ladder = ladder_of(draft, sweep, curves);
        const auto next = search::next_promotion(ladder.options, ladder.records, ladder.supply);
        if (!next) break;
        if (room-- <= 0) return;
        const JobId job{*next};
        draft.add(JobPromoted{job, "promoted from " + standing(ladder, job, curves), draft.now()});
    }
    if (draft.view().sweep(id).exhausted || draft.view().sweep(id).cancelled)
        end_leftovers(draft, sweep, curves);
}

}  // namespace

void hold_at_rung(Draft& draft, SweepId id, JobId job, const Curves& curves) {
    const SweepRecord& sweep = draft.view().sweep(id);
    const JobRecord& record = draft.view().job(job);
    const AttemptRecord* attempt = live_attempt(record);
    if (record.state != JobState::running || attempt == nullptr || attempt->stopping) return;
    const Ladder ladder = ladder_of(draft, sweep, curves);
    const auto reports = static_cast<std::int64_t>(curves.of(job).size());
    if (!std::ranges::binary_search(ladder.rungs, reports)) return;
    const auto verdict = search::at_rung(ladder.options, ladder.records, job.value, ladder.supply);
    if (verdict == search::AtRung::go_on) return;
    draft.add(AttemptStopping{
        job,
        attempt->number,
        StopKind::preempt,
        "waits at " + standing(ladder, job, curves),
        AfterStop::hold});
}

void settle_rungs(Draft& draft) {
    const std::set<SweepId> open = draft.view().open();
    for (const SweepId id : open) {
        const SweepRecord& sweep = draft.view().sweep(id);
        if (!has_rungs(sweep) || sweep.paused) continue;
        const std::set<JobId>& unfinished = draft.view().unfinished();
        const bool any_held = std::ranges::any_of(unfinished, [&](JobId job) {
            return draft.view().job(job).sweep == id && draft.view().job(job).held;
        });
        if (any_held) settle(draft, id);
    }
}

}  // namespace bw::core
