// Whether a waiting job's memory is known and there. Private to coordinator/core.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "coordinator/core/constraints.h"

namespace bw::core {

/// The constraint by which a job waits for slots that are large enough.
inline constexpr const char* kMemoryFree = "memory-free";

/// Under a limit: another attempt of the same key is just measuring, or the largest slot, on which
/// this one would, is busy.
std::optional<std::string> memory_is_unknown(const Situation& situation, const JobRecord& job);

/// Too few of the free slots have what each rank needs at least.
std::optional<std::string> memory_is_taken(const Situation& situation, const JobRecord& job);

/// The free slots that can hold a rank, as far as is known: the smallest of them first, so that
/// larger ones stay for what needs them. Where nothing is known the largest first: there it is
/// measured.
std::vector<SlotRef> with_enough_memory(
    const Situation& situation, const JobRecord& job, const SlotPool& pool
);

/// Whatever becomes free, too few slots of any kind suffice: the arithmetic. Nothing while that is
/// not known, or while there are too few slots altogether.
std::optional<std::string> exceeds_every_slot(const Situation& situation, const JobRecord& job);

/// It found its slots too small, and other agents may still join: it waits until they have.
std::optional<std::string> larger_slots_may_come(const Situation& situation, const JobRecord& job);

/// Whether an attempt that was refused had slots with a limit, and others may still come.
bool may_fit_slots_to_come(
    const Situation& situation, const JobRecord& job, const AttemptRecord& attempt
);

/// An attempt that found its slots too small, while there are others that suffice.
bool fits_other_slots(
    const Situation& situation, const JobRecord& job, const AttemptRecord& attempt
);

}  // namespace bw::core
