#include "coordinator/core/placement.h"

#include <algorithm>

#include "base/assert.h"
#include "coordinator/core/constraints.h"
#include "coordinator/core/job_plan.h"
#include "coordinator/core/memory_constraints.h"
#include "coordinator/core/retry.h"

namespace bw::core {
namespace {

void take_slots(Situation& situation, const std::vector<SlotRef>& slots) {
    for (auto& [kind, pool] : situation.pools) {
        std::erase_if(pool.free, [&](const SlotRef& slot) {
            return std::find(slots.begin(), slots.end(), slot) != slots.end();
        });
    }
}

void place(Draft& draft, Situation& situation, JobId id) {
    const JobRecord& job = draft.view().job(id);
    const SweepRecord& sweep = draft.view().sweep(job.sweep);
    const auto plan = plan_of(*sweep.sweep, job.params_json, job.world_size);
    if (!plan) {  // it was checked when the point was suggested, by an earlier release perhaps
        draft.add(unsuccessful_end(job, JobState::refused, plan.error().message, draft.now()));
        return;
    }
    AttemptPlaced placed;
    placed.job = id;
    placed.attempt = static_cast<std::uint32_t>(job.attempts.size()) + 1;
    placed.slots = choose_slots(situation, job);
    placed.plan = *plan;
    placed.resume = job.checkpoint;
    placed.at = draft.now();
    BW_ASSERT(
        std::ssize(placed.slots) == plan->world_size, "a job that nothing holds back has a gang"
    );
    take_slots(situation, placed.slots);
    ++situation.placed[job.sweep];
    draft.add(std::move(placed));
}

/// Why the job fits no slot that there is: asked when its turn has come and only memory holds it,
/// and no other agents are awaited.
std::optional<std::string> why_never(
    const Situation& situation, const JobRecord& job, const Constraint* constraint
) {
    if (constraint == nullptr || constraint->name != std::string_view(kMemoryFree) ||
        situation.view.arrivals().settling)
        return std::nullopt;
    return exceeds_every_slot(situation, job);
}

}  // namespace

std::int64_t place_jobs(Draft& draft) {
    Situation situation = make_situation(draft.view(), draft.now());
    std::int64_t placed = 0;
    for (const JobId id : waiting_line(draft.view())) {
        const JobRecord& job = draft.view().job(id);
        const Constraint* constraint = find_holding(situation, job);
        if (const auto why = why_never(situation, job, constraint)) {
            draft.add(unsuccessful_end(job, JobState::refused, *why, draft.now()));
        } else if (constraint == nullptr) {
            place(draft, situation, id);
            ++placed;
        } else if (constraint->holds == Holds::all_behind) {
            break;
        }
    }
    return placed;
}

}  // namespace bw::core
