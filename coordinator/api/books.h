// What the API reads: a state that follows the durable events, with what would be slow to count
// anew for every question (jobs by state) and what no event tells (how far running attempts are).
// Pure.
#pragma once

#include <cstdint>
#include <map>

#include "coordinator/core/core.h"

namespace bw::api {

/// How an attempt runs now, as rank 0 knows it. Bytes: 0 where they are not known.
struct RunningPlan {
    std::int64_t micro_batch = 0, accumulation = 0;
    std::int64_t peak_bytes = 0, predicted_peak_bytes = 0, limit_bytes = 0;
    std::int64_t ooms = 0, replans = 0;
};

/// The newest progress sample of a running job.
struct Progress {
    std::uint32_t attempt = 0;
    std::int64_t step = 0, total_steps = 0;
    int epoch = 0;
    double loss = 0, samples_per_second = 0;
    RunningPlan plan = {};
};

/// How many of a sweep's jobs are in which state; states without jobs may be missing.
using Tally = std::map<core::JobState, std::uint64_t>;

struct Books {
    core::State state;
    std::map<SweepId, Tally> tallies;
    std::map<JobId, Progress> progress;
};

Books make_books(core::State state);

/// apply() of the core, with the counts kept.
void apply(Books& books, const core::Event& event);

/// A sample of an attempt that has ended meanwhile changes nothing.
void note(Books& books, JobId job, const Progress& progress);

std::uint64_t count(const Tally& tally, core::JobState state);
std::uint64_t count_terminal(const Tally& tally);

std::uint64_t count_unsuccessful(const Tally& tally);

}  // namespace bw::api
