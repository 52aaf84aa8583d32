// What a device's allocator did during one step: the raw material of a memory profile.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace bw::plan {

struct MemoryEvent {
    enum class Kind {
        allocate,
        release,        // of a block that this trace saw allocated
        release_older,  // of a block from before
    };
    Kind kind = Kind::allocate;
    std::int64_t id = 0;     // of the block, from 0 in the order of allocation; older blocks: 0
    std::int64_t bytes = 0;  // as asked for
    friend bool operator==(const MemoryEvent&, const MemoryEvent&) = default;
};

/// One step: two micro-batches of `samples` samples in `groups` BatchNorm groups each, reduction
/// and update.
struct MemoryTrace {
    std::int64_t samples = 0, groups = 0;
    std::int64_t base_bytes = 0;            // live when it began
    std::int64_t block_overhead_bytes = 0;  // charged for every block beside its bytes
    std::vector<MemoryEvent> events;
    std::vector<std::size_t> phase_begins;  // indices of events: forward, backward, ..., update
    friend bool operator==(const MemoryTrace&, const MemoryTrace&) = default;
};

/// The most that was live at any moment.
std::int64_t peak_of(const MemoryTrace& trace);

/// SHA-256 over kinds and ids, not over sizes: equal for two steps that ran the same kernels.
std::string sequence_digest(const MemoryTrace& trace);

}  // namespace bw::plan
