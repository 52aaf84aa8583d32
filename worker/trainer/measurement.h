// A profile that no job asked for: probes, then a step of the size that is asked for, and whether
// it was what the probes had said. For `batchwright profile`, `plan --profile` and bench/memory.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "plan/profile.h"
#include "worker/trainer/training.h"

namespace bw::trainer {

struct MeasureOptions {
    std::int64_t samples = 1;      // of each of the two micro-batches of the step that is shown
    std::int64_t limit_bytes = 0;  // under which it must run; 0: what was there before
    int steps = 1;                 // how often it is run
};

struct Measurement {
    plan::Profile profile;
    plan::MemoryTrace trace;                // of two micro-batches of that size
    std::int64_t groups = 0;                // of each
    std::int64_t predicted_peak_bytes = 0;  // from smaller ones, before the step had been seen
    std::int64_t peak_bytes = 0;
    plan::MemoryModel before;  // from the smaller ones alone
};

/// On one rank; the profile is kept. Errors: Errc::refused, Errc::out_of_memory.
Result<Measurement> measure(Training& training, const MeasureOptions& options);

}  // namespace bw::trainer
