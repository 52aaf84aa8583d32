// From a sweep and what its jobs have shown so far to its next points: what a searcher answers when
// the coordinator asks. Pure: equal arguments give equal points. Up to a second at a thousand
// results, so it runs off the loop. Thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sweeps/points.h"
#include "sweeps/search/history.h"
#include "sweeps/search/suggest.h"
#include "sweeps/sweep.h"

namespace bw::search {

/// A job that exists already.
struct PastJob {
    std::uint64_t ordinal = 0;
    RunState state = RunState::pending;
    std::string params_json;        // complete, as the trainer got them
    std::vector<double> history;    // the metric, once per report
    std::optional<double> summary;  // of a finished job
};

struct NextPoints {
    std::vector<sweeps::Point> points;  // ordinals from the first one on
    bool exhausted = false;             // the space has no more; points may be fewer than asked for
};

/// `count` points with ordinals from `first` on; all replicas of an assignment come with it, so
/// that there may be up to replicas.count - 1 more. The sweep is_searched, and not method: custom.
NextPoints next_points(
    const sweeps::Sweep& sweep,
    std::span<const PastJob> past,
    std::uint64_t first,
    std::uint64_t count
);

/// What finds the points of a sweep that is_searched.
Sampler sampler_for(const sweeps::Sweep& sweep);

/// The space as jobs see it: for the built-in trainer with its own names and types.
Space space_of(const sweeps::Sweep& sweep);

}  // namespace bw::search
