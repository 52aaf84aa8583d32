// The layout of the control vector: one float64 SUM over all ranks per optimizer step, from which
// every rank reads the same verdict. A counter per code, the step's sums, and a slot per rank for
// its next micro-batch. No torch.
#pragma once

#include <cstddef>

namespace bw::trainer::control {

enum Slot : std::size_t {
    out_of_memory,     // ranks that could not hold a micro-batch
    preempt,           // ranks that were asked to stop with a checkpoint
    cancel,            // ranks that were asked to stop without one
    fatal,             // ranks that cannot go on
    loss,              // sum over the samples
    correct,           // samples whose highest logit is their label's
    samples,           // as counted by the loaders
    next_micro_batch,  // the first of world_size slots
};

constexpr std::size_t size(int world_size) {
    return next_micro_batch + static_cast<std::size_t>(world_size);
}

}  // namespace bw::trainer::control
