#include "coordinator/core/constraints.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "coordinator/core/job_plan.h"
#include "coordinator/core/memory_constraints.h"

namespace bw::core {
namespace {

bool is_accepted(const std::string& device, const std::string& kind) {
    if (device == "cpu") return kind == "cpu";
    return device == "auto" || kind != "cpu";
}

std::int64_t world_size(const Situation& situation, const JobRecord& job) {
    return world_size_of(situation.view.sweep(job.sweep), job);
}

std::string slots_text(std::int64_t count, const SweepRecord& sweep) {
    const std::string& device = sweep.sweep->options.device;
    return std::to_string(count) + (device == "auto" ? "" : " " + device) +
           (count == 1 ? " slot" : " slots");
}

std::optional<std::string> waits_for_retry(const Situation& situation, const JobRecord& job) {
    if (job.state != JobState::waiting_retry) return std::nullopt;
    char wait[32];
    std::snprintf(
        wait, sizeof wait, "%.1f", std::max(0.0, (job.not_before - situation.now).seconds())
    );
    return "tries again in " + std::string(wait) + " s: " + job.reason;
}

std::optional<std::string> is_paused(const Situation&, const JobRecord& job) {
    if (job.state != JobState::paused) return std::nullopt;
    return "is paused" + (job.reason.empty() ? "" : ": " + job.reason);
}

std::optional<std::string> sweep_is_at_its_limit(const Situation& situation, const JobRecord& job) {
    const std::int64_t limit = situation.view.sweep(job.sweep).sweep->options.concurrency;
    const auto placed = situation.placed.find(job.sweep);
    if (limit == 0 || placed == situation.placed.end() || placed->second < limit)
        return std::nullopt;
    return "its sweep runs " + std::to_string(placed->second) + " of at most " +
           std::to_string(limit) + (limit == 1 ? " job" : " jobs") +
           " at a time (batchwright.concurrency)";
}

// Not a reason to hold others back: whether such slots ever come is not known, and the rest can run
// meanwhile. Once they are there the job stands in line by its age.
std::optional<std::string> gang_exceeds_all_slots(
    const Situation& situation, const JobRecord& job
) {
    const SweepRecord& sweep = situation.view.sweep(job.sweep);
    std::int64_t most = 0;
    for (const SlotPool* pool : pools_for(situation, sweep)) most = std::max(most, pool->total);
    const std::int64_t wanted = world_size(situation, job);
    if (wanted <= most) return std::nullopt;
    return "needs " + slots_text(wanted, sweep) + " at once, and the live agents offer " +
           (most == 0 ? "none" : std::to_string(most)) + " (batchwright.world_size)";
}

std::string names_of_draining(const View& view) {
    std::string names;
    for (const auto& [id, agent] : view.agents()) {
        if (!agent.live || !agent.draining) continue;
        names += (names.empty() ? "" : ", ") + agent.name;
        if (!agent.drain_reason.empty()) names += " (" + agent.drain_reason + ")";
    }
    return names;
}

// As above: nobody knows when such an agent comes back.
std::optional<std::string> slots_are_draining(const Situation& situation, const JobRecord& job) {
    const SweepRecord& sweep = situation.view.sweep(job.sweep);
    std::int64_t most = 0, accepting = 0;
    for (const SlotPool* pool : pools_for(situation, sweep)) {
        most = std::max(most, pool->total);
        accepting = std::max(accepting, pool->total - pool->draining);
    }
    const std::int64_t wanted = world_size(situation, job);
    if (wanted > most || wanted <= accepting) return std::nullopt;
    return "needs " + slots_text(wanted, sweep) + " at once, and " +
           (accepting == 0 ? "all" : "all but " + std::to_string(accepting)) +
           " are on agents that are drained: " + names_of_draining(situation.view);
}

std::optional<std::string> older_job_is_first(const Situation& situation, const JobRecord& job) {
    if (!situation.head || *situation.head == job.id) return std::nullopt;
    const JobRecord& head = situation.view.job(*situation.head);
    if (std::pair(job.sweep, job.id) < std::pair(head.sweep, head.id)) return std::nullopt;
    return "job " + std::to_string(head.id.value) + " (sweep " + std::to_string(head.sweep.value) +
           ") is older and waits for slots";
}

std::optional<std::string> too_few_free_slots(const Situation& situation, const JobRecord& job) {
    const SweepRecord& sweep = situation.view.sweep(job.sweep);
    std::int64_t most = 0;
    for (const SlotPool* pool : pools_for(situation, sweep))
        most = std::max(most, std::ssize(pool->free));
    const std::int64_t wanted = world_size(situation, job);
    if (wanted <= most) return std::nullopt;
    return "needs " + slots_text(wanted, sweep) + " at once; free now: " + std::to_string(most);
}

constexpr std::array kConstraints = {
    Constraint{"retry-due", Holds::the_job, waits_for_retry},
    Constraint{"not-paused", Holds::the_job, is_paused},
    Constraint{"sweep-concurrency", Holds::its_sweep, sweep_is_at_its_limit},
    Constraint{"gang-possible", Holds::the_job, gang_exceeds_all_slots},
    Constraint{"agents-accepting", Holds::the_job, slots_are_draining},
    Constraint{"first-in-line", Holds::the_job, older_job_is_first},
    Constraint{"slots-free", Holds::all_behind, too_few_free_slots},
    Constraint{"agents-settled", Holds::the_job, larger_slots_may_come},
    Constraint{"memory-known", Holds::the_job, memory_is_unknown},
    Constraint{kMemoryFree, Holds::the_job, memory_is_taken},
};

}  // namespace

std::vector<const SlotPool*> pools_for(const Situation& situation, const SweepRecord& sweep) {
    std::vector<const SlotPool*> accepted;
    const SlotPool* cpu = nullptr;
    for (const auto& [kind, pool] : situation.pools) {
        if (!is_accepted(sweep.sweep->options.device, kind)) continue;
        if (kind == "cpu") {
            cpu = &pool;
        } else {
            accepted.push_back(&pool);
        }
    }
    if (cpu != nullptr) accepted.push_back(cpu);
    return accepted;
}

std::span<const Constraint> constraints() { return kConstraints; }

const Constraint* find_holding(const Situation& situation, const JobRecord& job) {
    for (const Constraint& constraint : kConstraints) {
        if (constraint.obstacle(situation, job)) return &constraint;
    }
    return nullptr;
}

Situation make_situation(const View& view, Instant now) {
    Situation situation{.view = view, .now = now, .pools = {}, .placed = {}, .head = {}};
    for (const auto& [id, agent] : view.agents()) {
        if (!agent.live) continue;
        for (std::size_t slot = 0; slot < agent.slots.size(); ++slot) {
            SlotPool& pool = situation.pools[agent.slots[slot].kind];
            ++pool.total;
            pool.all.push_back({id, static_cast<std::uint32_t>(slot)});
            if (agent.draining) ++pool.draining;
            if (!agent.draining && !agent.busy[slot])
                pool.free.push_back({id, static_cast<std::uint32_t>(slot)});
        }
    }
    for (const JobId id : view.unfinished()) {
        const JobRecord& job = view.job(id);
        if (live_attempt(job) != nullptr) ++situation.placed[job.sweep];
    }
    return situation;
}

std::vector<JobId> waiting_line(const View& view) {
    std::vector<std::pair<SweepId, JobId>> line;
    for (const JobId id : view.unfinished()) {
        const JobRecord& job = view.job(id);
        if (live_attempt(job) == nullptr) line.emplace_back(job.sweep, id);
    }
    std::sort(line.begin(), line.end());
    std::vector<JobId> jobs;
    for (const auto& [sweep, id] : line) jobs.push_back(id);
    return jobs;
}

std::optional<JobId> find_head(const Situation& situation) {
    for (const JobId id : waiting_line(situation.view)) {
        const Constraint* constraint = find_holding(situation, situation.view.job(id));
        if (constraint != nullptr && constraint->holds == Holds::all_behind) return id;
    }
    return std::nullopt;
}

std::int64_t free_gangs(const Situation& situation, const SweepRecord& sweep) {
    const sweeps::Options& options = sweep.sweep->options;
    // A sweep that was resumed at another size runs those points so that can.
    const std::int64_t size = sweep.world_size == 0
                                  ? options.world_size
                                  : std::min<std::int64_t>(options.world_size, sweep.world_size);
    std::int64_t gangs = 0;
    for (const SlotPool* pool : pools_for(situation, sweep)) gangs += std::ssize(pool->free) / size;
    if (options.concurrency == 0) return gangs;
    const auto placed = situation.placed.find(sweep.id);
    const std::int64_t running = placed == situation.placed.end() ? 0 : placed->second;
    return std::min(gangs, std::max<std::int64_t>(options.concurrency - running, 0));
}

std::vector<SlotRef> choose_slots(const Situation& situation, const JobRecord& job) {
    const auto wanted = static_cast<std::ptrdiff_t>(world_size(situation, job));
    for (const SlotPool* pool : pools_for(situation, situation.view.sweep(job.sweep))) {
        const std::vector<SlotRef> free = with_enough_memory(situation, job, *pool);
        if (std::ssize(free) < wanted) continue;
        std::map<AgentId, std::vector<SlotRef>> by_agent;
        for (const SlotRef& slot : free) {
            std::vector<SlotRef>& together = by_agent[slot.agent];
            together.push_back(slot);
            if (std::ssize(together) == wanted) return together;
        }
        return {free.begin(), free.begin() + wanted};
    }
    return {};
}

}  // namespace bw::core
