// What a job needs of a device's memory, as far as profiles say. Pure; `batchwright plan` and
// placement ask the same questions here that the trainer answers for itself from what it has built.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "coordinator/core/event.h"
#include "plan/profile.h"
#include "plan/search.h"
#include "sweeps/sweep.h"

namespace bw::core {

/// By what the profile of the job's steps is looked up, on such a slot. Nothing where none is made:
/// on GPUs, for a data set or a network that this release does not know.
std::optional<plan::ProfileSubject> profile_subject(
    const sweeps::Sweep& sweep, std::string_view params_json, const SlotInfo& slot
);

/// What the job's parameter `recompute` lets the trainer do with activations: keep them always,
/// keep them where some slot has room for them, or compute them again always.
enum class KeptActivations { always, where_they_fit, never };

KeptActivations kept_activations(std::string_view params_json);

/// What plan::search_plan needs of the job: all but its devices. Errors: as plan_of().
Result<plan::SearchInput> search_input(
    const sweeps::Sweep& sweep, std::string_view params_json, int world_size
);

/// In bytes, what a rank of the sweep's jobs may take on the slot: the smaller of the slot's limit
/// and the sweep's; 0: there is no limit.
std::int64_t limit_on(const sweeps::Sweep& sweep, const SlotInfo& slot);

/// Of two limits; 0, no limit, is more than any.
bool is_larger(std::int64_t limit, std::int64_t other);

/// Which of the slots' limits (0: none) suffice, the smallest first, equal ones in their order.
std::vector<std::size_t> sufficient(
    std::span<const std::int64_t> limits, std::int64_t needed_bytes
);

/// What the network's weights, their gradients and the optimizer's state take, where the catalogue
/// knows the network at the job's very input and classes; 0: unknown. Steps need more.
std::int64_t static_bytes(const plan::ProfileSubject& subject);

}  // namespace bw::core
