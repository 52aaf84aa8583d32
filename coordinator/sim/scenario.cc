#include "coordinator/sim/scenario.h"

#include <algorithm>

namespace bw::sim {
namespace {

constexpr std::int64_t kSubmitTicks = 300;

struct Limits {
    std::int64_t run_cap, concurrency, retries;
};

std::string text_of(
    std::int64_t points, std::int64_t world_size, std::int64_t batch_size, const Limits& limits
) {
    std::string seeds;
    for (std::int64_t i = 0; i < points; ++i) seeds += (i == 0 ? "" : ", ") + std::to_string(i);
    return "method: grid\nrun_cap: " + std::to_string(limits.run_cap) +
           "\nparameters:\n  model: {value: cnn}\n  dataset: {value: fashion_mnist}\n  batch_size: "
           "{value: " +
           std::to_string(batch_size) + "}\n  seed: {values: [" + seeds +
           "]}\nbatchwright:\n  world_size: " + std::to_string(world_size) +
           "\n  concurrency: " + std::to_string(limits.concurrency) +
           "\n  retries: " + std::to_string(limits.retries) + "\n";
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
        std::int64_t at = world.between(1, kSubmitTicks);
        submissions.push_back(
            {.at = at, .text = text_of(points, world_size, batch_size, draw_limits(world, points))}
        );
        if (world.chance(400)) {
            at += world.between(1, kSubmitTicks);
            submissions.push_back(
                {.at = at,
                 .text = text_of(points, world_size, batch_size, draw_limits(world, points))}
            );
        }
    }
    std::ranges::sort(submissions, {}, &Submission::at);
    return submissions;
}

}  // namespace bw::sim
