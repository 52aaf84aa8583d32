// A searcher outside of the coordinator: it asks how many points a sweep can take now and what its
// jobs have shown, and tells points. Any sweep whose points are searched takes them, so that a
// person can add points to one that goes on.
#pragma once

#include "coordinator/api/reads.h"
#include "coordinator/api/submit.h"

namespace bw::api {

/// {sweep, method, metric, over, first, count, results: [{ordinal, state, params, values}]}.
/// `first`: the ordinal of the next point; `count`: how many could start now; `values`: the metric,
/// report by report.
Result<Json> ask_points(const View& view, const Call& call);

/// Body: {"first": ordinal, "points": [{parameter: value}], "end": "why there are no more"}; each
/// key may be left out. Answers {sweep, first, accepted, next}. Errors: 400 naming what is wrong
/// with a point, 409 when `first` is not the next ordinal or the sweep takes no points.
void tell_points(const CorePort& core, const Call& call, const http::Reply& reply);

}  // namespace bw::api
