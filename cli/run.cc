#include <cstdio>

#include "cli/commands.h"
#include "cli/run_session.h"
#include "cli/sweep_file.h"
#include "sweeps/points.h"
#include "worker/launch/launch.h"

namespace bw::cli {

namespace {

void announce(const RunOptions& options, const SweepFile& file) {
    if (!file.warnings.empty()) std::fputs(file.warnings.c_str(), stderr);
    const bool unbounded = !sweeps::point_count(file.sweep);
    if (unbounded) {
        std::fprintf(
            stderr,
            "%s: unbounded: random search without run_cap never ends; stop it with Ctrl-C, or add "
            "run_cap\n",
            options.file.c_str()
        );
    }
}

}  // namespace

int run(const RunOptions& options) {
    const auto place = launch::discover_place();
    if (!place) return report(place.error());
    const bool leads = place->rank == 0;
    const auto file = load_sweep_file(options.file);
    if (!file) {
        // Every rank sees the same problem; one of them tells it.
        if (leads) return report(file.error());
        return coordinator::kExitBadInput;
    }
    if (leads) announce(options, *file);
    if (!options.keep_affinity) launch::widen_affinity();
    RunSession session(options, *file, *place);
    return session.run();
}

}  // namespace bw::cli
