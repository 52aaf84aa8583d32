// How long a step takes, for any micro-batch and world size. Pure; coarse on purpose: it chooses
// between plans, it promises nothing.
#pragma once

#include <cstdint>

namespace bw::plan {

/// Of one rank on a device of speed 1. Defaults: nothing is known, more micro-batches cost more.
struct TimeModel {
    double per_micro_batch = 1e-3, per_sample = 1e-3;  // seconds of forward and backward
    double update = 0;                                 // seconds of the optimizer
    double reduced_bytes = 0;                          // gradients
    double bandwidth = 1e9;                            // bytes a second between two ranks
    double latency = 5e-4;                             // seconds a rank waits for its neighbour

    [[nodiscard]] double micro_batches(std::int64_t count, std::int64_t samples) const {
        return per_micro_batch * static_cast<double>(count) +
               per_sample * static_cast<double>(samples);
    }

    /// A ring: every byte passes 2 (w - 1) / w times.
    [[nodiscard]] double reduction(int world_size) const {
        if (world_size < 2) return 0;
        const double hops = 2.0 * (world_size - 1);
        return hops * (latency + reduced_bytes / world_size / bandwidth);
    }

    friend bool operator==(const TimeModel&, const TimeModel&) = default;
};

/// The line through the times of micro-batches of two sizes; no part is negative.
TimeModel fit_times(
    std::int64_t samples_1, double seconds_1, std::int64_t samples_2, double seconds_2
);

}  // namespace bw::plan
