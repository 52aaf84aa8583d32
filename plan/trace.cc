#include "plan/trace.h"

#include <algorithm>
#include <utility>

#include "base/sha256.h"

namespace bw::plan {
namespace {

using Kind = MemoryEvent::Kind;
using Part = TraceSegment::Kind;

char letter_of(Kind kind) {
    switch (kind) {
        case Kind::allocate:
            return 'a';
        case Kind::release:
            return 'r';
        case Kind::release_older:
            return 'o';
    }
    return '?';
}

std::int64_t effect_of(const MemoryEvent& event, std::int64_t overhead_bytes) {
    const std::int64_t charged = event.bytes + overhead_bytes;
    return event.kind == Kind::allocate ? charged : -charged;
}

/// Blocks from before `begin` are older ones here.
void append(const MemoryTrace& trace, std::size_t begin, std::size_t end, Observation& out) {
    std::int64_t first_id = -1;
    for (std::size_t i = begin; i < end && first_id < 0; ++i) {
        if (trace.events[i].kind == Kind::allocate) first_id = trace.events[i].id;
    }
    for (std::size_t i = begin; i < end; ++i) {
        MemoryEvent event = trace.events[i];
        const bool is_older = event.kind == Kind::release && (first_id < 0 || event.id < first_id);
        if (is_older) event = {.kind = Kind::release_older, .id = 0, .bytes = event.bytes};
        if (event.kind != Kind::release_older) event.id -= first_id;
        out.events.push_back(event);
    }
}

/// Where observations of a part go; a backward goes with its forward.
std::vector<Observation>* part_of(Observations& out, Part kind) {
    switch (kind) {
        case Part::prepare:
            return &out.prepares;
        case Part::forward:
            return &out.micro_batches;
        case Part::update:
            return &out.updates;
        case Part::backward:
            return nullptr;
    }
    return nullptr;
}

void observe_one(const MemoryTrace& trace, Observations& out) {
    std::int64_t live = trace.base_bytes;
    const std::size_t before = trace.segments.empty() ? 0 : trace.segments.front().begin;
    for (std::size_t i = 0; i < before; ++i)
        live += effect_of(trace.events[i], trace.block_overhead_bytes);
    for (std::size_t i = 0; i < trace.segments.size();) {
        const TraceSegment& segment = trace.segments[i];
        const bool has_backward =
            i + 1 < trace.segments.size() && trace.segments[i + 1].kind == Part::backward;
        const std::size_t after = i + (segment.kind == Part::forward && has_backward ? 2 : 1);
        const std::size_t end =
            after < trace.segments.size() ? trace.segments[after].begin : trace.events.size();
        Observation observation{
            .samples = segment.samples,
            .groups = segment.groups,
            .base_bytes = live,
            .block_overhead_bytes = trace.block_overhead_bytes,
            .backward = has_backward ? trace.segments[i + 1].begin - segment.begin : 0,
            .events = {}};
        append(trace, segment.begin, end, observation);
        for (const MemoryEvent& event : observation.events)
            live += effect_of(event, trace.block_overhead_bytes);
        if (auto* part = part_of(out, segment.kind)) part->push_back(std::move(observation));
        i = after;
    }
}

}  // namespace

std::int64_t peak_of(const MemoryTrace& trace) {
    std::int64_t live = trace.base_bytes;
    std::int64_t peak = live;
    for (const MemoryEvent& event : trace.events) {
        live += effect_of(event, trace.block_overhead_bytes);
        peak = std::max(peak, live);
    }
    return peak;
}

Observations observe(std::span<const MemoryTrace> traces) {
    Observations out;
    for (const MemoryTrace& trace : traces) observe_one(trace, out);
    return out;
}

std::string sequence_digest(const Observation& observation) {
    std::string text;
    for (const MemoryEvent& event : observation.events) {
        text += letter_of(event.kind);
        text += std::to_string(event.id) + ' ';
    }
    return sha256_hex(text);
}

}  // namespace bw::plan
