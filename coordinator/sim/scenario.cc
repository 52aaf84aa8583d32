#include "coordinator/sim/scenario.h"

#include <algorithm>

namespace bw::sim {
namespace {

constexpr std::int64_t kSubmitTicks = 300;

struct Limits {
    std::int64_t run_cap, concurrency, retries;
};

/// How points are found, and which jobs do not run to their end.
struct Search {
    std::string method = "grid";
    std::string top;      // further top-level lines
    std::string options;  // further lines under batchwright:
};

Search draw_search(World& world) {
    Search search;
    const std::int64_t kind = world.between(0, 5);
    if (kind == 1) search = {"random", "", "  sampler: sobol\n"};
    if (kind == 2) search = {"random", "", "  sampler: tpe\n"};
    if (kind == 3) search.method = "bayes";
    const std::int64_t stops = world.options.fault_ticks == 0 ? 0 : world.between(0, 5);
    if (stops == 1) search.top += "early_terminate: {type: hyperband, min_iter: 1, eta: 2}\n";
    if (stops == 2) search.options += "  stopper: {type: asha, min_iter: 1, eta: 2}\n";
    if (stops == 3) search.options += "  stopper: {type: median, min_iter: 2, min_jobs: 2}\n";
    const bool has_target = stops != 0 && world.chance(200);
    search.top +=
        has_target ? "metric: {name: test_loss, target: 0.05}\n" : "metric: {name: test_loss}\n";
    if (stops != 0 && world.chance(100)) search.options += "  max_failures: 2\n";
    if (world.chance(150))
        search.options += "  replicas: {parameter: limit_test_samples, count: 2}\n";
    return search;
}

std::string text_of(
    std::int64_t points,
    std::int64_t world_size,
    std::int64_t batch_size,
    const Limits& limits,
    const Search& search
) {
    std::string seeds;
    for (std::int64_t i = 0; i < points; ++i) seeds += (i == 0 ? "" : ", ") + std::to_string(i);
    if (points == 1) seeds += ", 1";  // a searcher needs a choice
    return "method: " + search.method + "\n" + search.top +
           "run_cap: " + std::to_string(limits.run_cap) +
           "\nparameters:\n  model: {value: cnn}\n  dataset: {value: fashion_mnist}\n  batch_size: "
           "{value: " +
           std::to_string(batch_size) + "}\n  seed: {values: [" + seeds +
           "]}\nbatchwright:\n  world_size: " + std::to_string(world_size) +
           "\n  concurrency: " + std::to_string(limits.concurrency) +
           "\n  retries: " + std::to_string(limits.retries) + "\n" + search.options;
}

Limits draw_limits(World& world, std::int64_t points) {
    return {
        .run_cap = world.between(1, points),
        .concurrency = world.between(0, 3),
        .retries = world.between(0, 4)};
}

}  // namespace

std::vector<Submission> make_scenario(World& world) {
    std::vector<Submission> submissions;
    const std::int64_t sweeps = world.between(1, 4);
    for (std::int64_t i = 0; i < sweeps; ++i) {
        const std::int64_t points = world.between(1, 20);
        const std::int64_t world_size = world.between(1, 4);
        const std::int64_t batch_size = 128 + 32 * i;  // another fingerprint for each sweep
        const Search search = draw_search(world);
        const auto text = [&] {
            return text_of(points, world_size, batch_size, draw_limits(world, points), search);
        };
        std::int64_t at = world.between(1, kSubmitTicks);
        submissions.push_back({.at = at, .text = text()});
        if (world.chance(400)) {
            at += world.between(1, kSubmitTicks);
            submissions.push_back({.at = at, .text = text()});
        }
    }
    std::ranges::sort(submissions, {}, &Submission::at);
    return submissions;
}

}  // namespace bw::sim
