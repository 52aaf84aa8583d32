#include "coordinator/core/memory_constraints.h"

#include <algorithm>

#include "base/bytes.h"
#include "coordinator/core/job_plan.h"
#include "coordinator/core/memory_plan.h"
#include "coordinator/core/retry.h"

namespace bw::core {
namespace {

/// What is known of a job's memory on a kind of slot.
struct Need {
    bool is_limited = false;  // some slot has a limit
    std::string key;          // empty: no profile is made
    const plan::Profile* profile = nullptr;
    std::int64_t bytes = 0;  // of each rank at least; 0: unknown
};

const SlotInfo& slot_at(const Situation& situation, const SlotRef& slot) {
    return situation.view.agents().at(slot.agent).slots[slot.slot];
}

std::vector<std::int64_t> limits_of(
    const Situation& situation, const SweepRecord& sweep, const std::vector<SlotRef>& slots
) {
    std::vector<std::int64_t> limits;
    for (const SlotRef& slot : slots)
        limits.push_back(limit_on(*sweep.sweep, slot_at(situation, slot)));
    return limits;
}

/// Of steps as the subject has them.
void look_up(
    Need& need,
    const Situation& situation,
    const JobRecord& job,
    const plan::ProfileSubject& subject
) {
    need.key = plan::profile_key(subject);
    need.profile = situation.view.profile(need.key);
    need.bytes = static_bytes(subject);
    if (need.profile == nullptr) return;
    const SweepRecord& sweep = situation.view.sweep(job.sweep);
    const int world = world_size_of(sweep, job);
    const auto input = search_input(*sweep.sweep, job.params_json, world);
    if (!input) return;  // placement refuses it
    const auto smallest = plan::smallest_limit(*input, need.profile->peak, world);
    if (smallest) need.bytes = *smallest;
}

/// With all activations kept, if there are slots for that or such slots may still come; else, where
/// the job allows it, with activations that are computed again.
Need need_on(const Situation& situation, const JobRecord& job, const SlotPool& pool) {
    const SweepRecord& sweep = situation.view.sweep(job.sweep);
    const auto limits = limits_of(situation, sweep, pool.all);
    Need need;
    need.is_limited = std::ranges::any_of(limits, [](std::int64_t limit) { return limit > 0; });
    if (!need.is_limited) return need;
    auto subject =
        profile_subject(*sweep.sweep, job.params_json, slot_at(situation, pool.all.front()));
    if (!subject) return need;
    look_up(need, situation, job, *subject);
    const bool is_enough = need.profile == nullptr ||
                           std::ssize(sufficient(limits, need.bytes)) >= world_size_of(sweep, job);
    if (is_enough || situation.view.arrivals().settling ||
        kept_activations(job.params_json) != KeptActivations::where_they_fit)
        return need;
    subject->recompute = true;
    look_up(need, situation, job, *subject);
    return need;
}

std::int64_t largest_of(const std::vector<std::int64_t>& limits) {
    return *std::ranges::min_element(limits, is_larger);
}

std::string size_text(std::int64_t limit) { return limit == 0 ? "no limit" : format_bytes(limit); }

/// The job whose attempt measures what this one wants to know, or nothing.
std::optional<JobId> measuring(
    const Situation& situation, const JobRecord& job, const SlotPool& pool, const std::string& key
) {
    for (const JobId id : situation.view.unfinished()) {
        const JobRecord& other = situation.view.job(id);
        const AttemptRecord* attempt = live_attempt(other);
        if (id == job.id || attempt == nullptr || attempt->running) continue;
        const bool is_here =
            std::ranges::find(pool.all, attempt->ranks.front().slot) != pool.all.end();
        if (is_here && need_on(situation, other, pool).key == key) return id;
    }
    return std::nullopt;
}

/// What a gang of the largest slots lacks.
std::string arithmetic(
    const Situation& situation, const JobRecord& job, const SlotPool& pool, const Need& need
) {
    const SweepRecord& sweep = situation.view.sweep(job.sweep);
    auto limits = limits_of(situation, sweep, pool.all);
    if (need.profile == nullptr) {
        return "weights, gradients and the optimizer's state alone take " +
               format_bytes(need.bytes) + ", the largest slot has " + size_text(largest_of(limits));
    }
    const int world = world_size_of(sweep, job);
    std::ranges::stable_sort(limits, is_larger);
    auto input = search_input(*sweep.sweep, job.params_json, world);
    if (!input) return input.error().message;
    input->devices.clear();
    for (std::size_t i = 0; i < static_cast<std::size_t>(world); ++i)
        input->devices.push_back({.limit_bytes = limits[i], .speed = 1});
    const plan::Variant variant = plan::variant_of(*need.profile);
    const auto choice = plan::search_plan(*input, {&variant, 1});
    return choice ? "needs " + format_bytes(need.bytes) + " on each of its slots"
                  : choice.error().message;
}

}  // namespace

std::optional<std::string> memory_is_unknown(const Situation& situation, const JobRecord& job) {
    for (const SlotPool* pool : pools_for(situation, situation.view.sweep(job.sweep))) {
        const Need need = need_on(situation, job, *pool);
        if (!need.is_limited || need.key.empty() || need.profile != nullptr) continue;
        if (const auto other = measuring(situation, job, *pool, need.key)) {
            return "job " + std::to_string(other->value) +
                   " is measuring the memory of such steps; this one then needs no probe";
        }
        const SweepRecord& sweep = situation.view.sweep(job.sweep);
        const std::int64_t largest = largest_of(limits_of(situation, sweep, pool->all));
        const auto free = limits_of(situation, sweep, pool->free);
        if (std::ranges::find(free, largest) != free.end()) continue;
        return "its memory is not known yet and is measured on the largest slot (" +
               size_text(largest) + "), which is busy";
    }
    return std::nullopt;
}

std::optional<std::string> memory_is_taken(const Situation& situation, const JobRecord& job) {
    const SweepRecord& sweep = situation.view.sweep(job.sweep);
    const std::int64_t wanted = world_size_of(sweep, job);
    std::int64_t most = 0, bytes = 0;
    for (const SlotPool* pool : pools_for(situation, sweep)) {
        const auto fitting = std::ssize(with_enough_memory(situation, job, *pool));
        if (fitting >= wanted) return std::nullopt;
        most = std::max<std::int64_t>(most, fitting);
        bytes = std::max(bytes, need_on(situation, job, *pool).bytes);
    }
    if (bytes == 0) return std::nullopt;
    return "needs " + format_bytes(bytes) + " on " + std::to_string(wanted) +
           (wanted == 1 ? " slot" : " slots") +
           " at once; free with as much: " + std::to_string(most);
}

std::vector<SlotRef> with_enough_memory(
    const Situation& situation, const JobRecord& job, const SlotPool& pool
) {
    const Need need = need_on(situation, job, pool);
    if (!need.is_limited) return pool.free;
    const SweepRecord& sweep = situation.view.sweep(job.sweep);
    const auto limits = limits_of(situation, sweep, pool.free);
    std::vector<std::size_t> order = sufficient(limits, need.bytes);
    if (need.profile == nullptr) {
        std::ranges::stable_sort(order, [&limits](std::size_t a, std::size_t b) {
            return is_larger(limits[a], limits[b]);
        });
    }
    std::vector<SlotRef> slots;
    for (const std::size_t i : order) slots.push_back(pool.free[i]);
    return slots;
}

std::optional<std::string> exceeds_every_slot(const Situation& situation, const JobRecord& job) {
    const SweepRecord& sweep = situation.view.sweep(job.sweep);
    const std::int64_t wanted = world_size_of(sweep, job);
    std::optional<std::string> why;
    for (const SlotPool* pool : pools_for(situation, sweep)) {
        if (pool->total < wanted) continue;
        const Need need = need_on(situation, job, *pool);
        const auto limits = limits_of(situation, sweep, pool->all);
        if (std::ssize(sufficient(limits, need.bytes)) >= wanted) return std::nullopt;
        if (!why) why = arithmetic(situation, job, *pool, need);
    }
    return why;
}

bool fits_other_slots(
    const Situation& situation, const JobRecord& job, const AttemptRecord& attempt
) {
    const SweepRecord& sweep = situation.view.sweep(job.sweep);
    std::vector<SlotRef> own;
    for (const RankRecord& rank : attempt.ranks) {
        if (!situation.view.agents().contains(rank.slot.agent)) return false;
        own.push_back(rank.slot);
    }
    for (const SlotPool* pool : pools_for(situation, sweep)) {
        const Need need = need_on(situation, job, *pool);
        if (need.profile == nullptr) continue;
        const bool own_suffice =
            sufficient(limits_of(situation, sweep, own), need.bytes).size() == own.size();
        const auto all = sufficient(limits_of(situation, sweep, pool->all), need.bytes);
        if (!own_suffice && all.size() >= own.size()) return true;
    }
    return false;
}

bool may_fit_slots_to_come(
    const Situation& situation, const JobRecord& job, const AttemptRecord& attempt
) {
    if (!situation.view.arrivals().settling) return false;
    const SweepRecord& sweep = situation.view.sweep(job.sweep);
    return std::ranges::any_of(attempt.ranks, [&](const RankRecord& rank) {
        return situation.view.agents().contains(rank.slot.agent) &&
               limit_on(*sweep.sweep, slot_at(situation, rank.slot)) > 0;
    });
}

std::optional<std::string> larger_slots_may_come(const Situation& situation, const JobRecord& job) {
    if (job.attempts.empty() || cause_of(job.attempts.back()) != RankOutcome::refused ||
        !may_fit_slots_to_come(situation, job, job.attempts.back()) ||
        fits_other_slots(situation, job, job.attempts.back()))
        return std::nullopt;
    return "its slots were too small; agents with larger ones may still join";
}

}  // namespace bw::core
