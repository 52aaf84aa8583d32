// A probe: the work of a step with two micro-batches of a few samples, recorded event by event, of
// which nothing remains. It is no training: it has its own samples and its own BatchNorm groups.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"
#include "plan/split.h"
#include "plan/trace.h"
#include "worker/trainer/training.h"

namespace bw::trainer {

struct ProbeRecord {
    plan::MemoryTrace trace;
    double micro_batch_seconds = 0;  // of the second one
};

/// Twice as many samples; where there are groups, once in one and once in two. Errors:
/// Errc::out_of_memory; whatever LibTorch throws beside that comes through.
Result<ProbeRecord> probe(Training& training, std::int64_t samples);

/// Of these micro-batches; what is said above holds.
Result<ProbeRecord> probe(Training& training, std::span<const plan::MicroBatch> micro_batches);

}  // namespace bw::trainer
