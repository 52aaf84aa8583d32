// A deterministic simulator over the coordinator's own core: agents, trainers and a network as a
// model, with faults drawn from a seed. One thread, no clock; the same options give the same trace,
// event by event.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace bw::sim {

/// A bug put in on purpose, to show that the checkers see it.
enum class Sabotage {
    none,
    lose_commit,      // a crash of the coordinator forgets its last durable batch
    trust_everybody,  // facts count whatever epoch they come from
    forget_slots,     // the coordinator hands a slot out while a rank is still on it
    lose_stops,       // orders to stop never arrive
    forget_loss,      // only the newest earlier attempt is accounted for
    forget_drains,    // a restart takes drained agents for ones that accept
};

struct SimOptions {
    std::uint64_t seed = 1;
    std::int64_t fault_ticks = 600;  // faults happen until then (a tick is 100 ms)
    std::int64_t calm_ticks = 3000;  // by then, without further faults, every job must have ended
    Sabotage sabotage = Sabotage::none;
};

struct SimOutcome {
    std::string failure;                   // empty: every check held
    std::int64_t bad_tick = 0;             // of the failure
    std::int64_t ticks = 0;                // until the last sweep ended
    std::string trace_hash;                // SHA-256 over every event with its tick
    std::vector<std::string> last_events;  // at most 50
    std::int64_t events = 0, attempts = 0, jobs = 0;
    std::int64_t coordinator_crashes = 0, agent_crashes = 0, partitions = 0, trainer_deaths = 0;
    std::int64_t commands = 0, leavings = 0;  // of people; of agents
    std::int64_t lost_steps = 0;              // of finished jobs
};

SimOutcome run_simulation(const SimOptions& options);

}  // namespace bw::sim
