// The choice of a plan: world size, shares, micro-batch, accumulation and recompute that make every
// step see exactly B samples, under each device's limit, in the least time. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "plan/memory_model.h"
#include "plan/split.h"
#include "plan/time_model.h"

namespace bw::plan {

struct Device {
    std::int64_t limit_bytes = 0;  // 0: none
    double speed = 1;
    friend bool operator==(const Device&, const Device&) = default;
};

/// One way to run the network that does not change what it computes.
struct Variant {
    int recompute = 0;  // segments whose activations are computed again; 0: none
    MemoryModel peak;
    TimeModel time;
};

struct SearchInput {
    std::int64_t global_batch = 0, group = 0;
    std::int64_t last_batch = 0;               // of an epoch, where it is smaller and kept; 0: none
    std::int64_t micro_batch = 0;              // asked for; 0: to be chosen
    std::vector<int> world_sizes = {1};        // to choose from
    std::vector<Device> devices = {Device{}};  // a world of w takes the first w
};

struct RankChoice {
    std::int64_t samples = 0, micro_batch = 0, accumulation = 0;
    std::int64_t predicted_peak_bytes = 0, limit_bytes = 0;
};

struct Choice {
    Plan plan;
    std::vector<RankChoice> ranks;
    int recompute = 0;
    std::int64_t predicted_peak_bytes = 0;  // the largest of the ranks
    std::int64_t limit_bytes = 0;           // the smallest that holds; 0: none
    double step_seconds = 0;
    std::string why;  // the arithmetic in words
};

/// Errors: Errc::refused with the arithmetic and what would fit.
Result<Choice> search_plan(const SearchInput& input, std::span<const Variant> variants);

/// The smallest limit under which every rank of a world of this size can run: with the micro-batch
/// that was asked for, else with the smallest. Errors: Errc::refused (no such world).
Result<std::int64_t> smallest_limit(
    const SearchInput& input, const MemoryModel& model, int world_size
);

/// The largest micro-batch of a rank, its shares as the plan has them, that stays within what the
/// planner may use of the device; 0: none does.
std::int64_t largest_fitting(
    const SearchInput& input,
    const MemoryModel& model,
    const Plan& plan,
    int rank,
    const Device& device
);

/// The bytes that one rank needs at least: its largest micro-batch, of a full batch or the last.
std::int64_t predicted_peak(
    const MemoryModel& model, const Plan& plan, int rank, std::int64_t last_batch
);

}  // namespace bw::plan
