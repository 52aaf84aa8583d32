#include "plan/trace.h"

#include <algorithm>

#include "base/sha256.h"

namespace bw::plan {

std::int64_t peak_of(const MemoryTrace& trace) {
    std::int64_t live = trace.base_bytes;
    std::int64_t peak = live;
    for (const MemoryEvent& event : trace.events) {
        const std::int64_t charged = event.bytes + trace.block_overhead_bytes;
        live += event.kind == MemoryEvent::Kind::allocate ? charged : -charged;
        peak = std::max(peak, live);
    }
    return peak;
}

std::string sequence_digest(const MemoryTrace& trace) {
    std::string text;
    for (const MemoryEvent& event : trace.events) {
        switch (event.kind) {
            case MemoryEvent::Kind::allocate:
                text += 'a';
                break;
            case MemoryEvent::Kind::release:
                text += 'r';
                break;
            case MemoryEvent::Kind::release_older:
                text += 'o';
                break;
        }
        text += std::to_string(event.id) + ' ';
    }
    return sha256_hex(text);
}

}  // namespace bw::plan
