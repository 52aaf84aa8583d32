// What a device's allocator did during a step: the raw material of a memory profile.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
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

/// A part of a step, up to where the next begins. A micro-batch is a forward and the backward that
/// follows it.
struct TraceSegment {
    enum class Kind { prepare, forward, backward, update };
    Kind kind = Kind::prepare;
    std::int64_t samples = 0, groups = 0;  // of the micro-batch; of `prepare`: the plan's
    std::size_t begin = 0;                 // its first event
    friend bool operator==(const TraceSegment&, const TraceSegment&) = default;
};

/// One step, in segments.
struct MemoryTrace {
    std::int64_t base_bytes = 0;            // live when it began
    std::int64_t block_overhead_bytes = 0;  // charged for every block beside its bytes
    std::vector<MemoryEvent> events;
    std::vector<TraceSegment> segments;
    friend bool operator==(const MemoryTrace&, const MemoryTrace&) = default;
};

/// The most that was live at any moment.
std::int64_t peak_of(const MemoryTrace& trace);

/// The events of one segment, or of a micro-batch; ids count from its own first block, so that
/// equal work gives equal events wherever in a step it stands.
struct Observation {
    std::int64_t samples = 0, groups = 0;
    std::int64_t base_bytes = 0;  // live when it began
    std::int64_t block_overhead_bytes = 0;
    std::size_t backward = 0;  // of a micro-batch: the first event of backward
    std::vector<MemoryEvent> events;
};

/// What traces say of the step's parts, in their order.
struct Observations {
    std::vector<Observation> prepares, micro_batches, updates;
};

Observations observe(std::span<const MemoryTrace> traces);

/// SHA-256 over kinds and ids, not over sizes: equal where the same kernels ran.
std::string sequence_digest(const Observation& observation);

}  // namespace bw::plan
