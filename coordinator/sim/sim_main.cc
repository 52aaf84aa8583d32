// sim_main --seed N [--seeds COUNT] [--ticks N]: runs the simulator; prints the first failing seed
// with its last events.
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/version.h"
#include "coordinator/sim/sim.h"

namespace {

struct Arguments {
    bw::sim::SimOptions options;
    std::uint64_t seeds = 1;
    bool are_good = true;
};

Arguments parse(int argc, char** argv) {
    Arguments arguments;
    for (int i = 1; i < argc; i += 2) {
        const std::uint64_t value = i + 1 < argc ? std::strtoull(argv[i + 1], nullptr, 10) : 0;
        if (i + 1 == argc) {
            arguments.are_good = false;
        } else if (std::strcmp(argv[i], "--seed") == 0) {
            arguments.options.seed = value;
        } else if (std::strcmp(argv[i], "--seeds") == 0) {
            arguments.seeds = value;
        } else if (std::strcmp(argv[i], "--ticks") == 0) {
            arguments.options.fault_ticks = static_cast<std::int64_t>(value);
        } else {
            arguments.are_good = false;
        }
    }
    return arguments;
}

void print(const bw::sim::SimOptions& options, const bw::sim::SimOutcome& outcome) {
    std::printf(
        "seed %" PRIu64 " commit %.*s: %s; %" PRId64 " ticks, %" PRId64 " events, %" PRId64
        " jobs, %" PRId64 " attempts; coordinator crashes %" PRId64 ", agent crashes %" PRId64
        ", partitions %" PRId64 ", trainer deaths %" PRId64 "; trace %.16s\n",
        options.seed,
        static_cast<int>(bw::commit().size()),
        bw::commit().data(),
        outcome.failure.empty() ? "every check held" : "A CHECK FAILED",
        outcome.ticks,
        outcome.events,
        outcome.jobs,
        outcome.attempts,
        outcome.coordinator_crashes,
        outcome.agent_crashes,
        outcome.partitions,
        outcome.trainer_deaths,
        outcome.trace_hash.c_str()
    );
    if (outcome.failure.empty()) return;
    for (const std::string& event : outcome.last_events) std::printf("  %s\n", event.c_str());
    std::printf("first bad tick %" PRId64 ": %s\n", outcome.bad_tick, outcome.failure.c_str());
}

}  // namespace

int main(int argc, char** argv) {
    Arguments arguments = parse(argc, argv);
    if (!arguments.are_good) {
        std::fputs("usage: sim_main [--seed N] [--seeds COUNT] [--ticks N]\n", stderr);
        return 2;
    }
    for (std::uint64_t i = 0; i < arguments.seeds; ++i, ++arguments.options.seed) {
        const bw::sim::SimOutcome outcome = bw::sim::run_simulation(arguments.options);
        if (arguments.seeds == 1 || !outcome.failure.empty()) print(arguments.options, outcome);
        if (!outcome.failure.empty()) return 1;
    }
    std::printf("%" PRIu64 " seeds: every check held\n", arguments.seeds);
    return 0;
}
