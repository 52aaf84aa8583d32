// `batchwright-trainer --profile`: what `batchwright profile` and `plan --profile` ask for. Trains
// nothing: on a data set of a few empty images the calibration of a job is run, its profile is kept
// where jobs look for it, and the bytes of a step are told apart.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace bw::trainer {

/// `request`: the parameters of a point as JSON, and beside them "classes", "channels", "height",
/// "width", "bn", "group" (0: no groups), "threads", "samples" (of the micro-batch that is shown),
/// "limit_bytes" and "steps" (under which limit, how often it is run; an answer that has
/// "out_of_memory" says that it does not fit) and "profiles_dir" (empty: kept nowhere). The answer:
/// {"key", "exact", "samples", "groups", "peak_bytes", "predicted_peak_bytes", "planes",
/// "micro_batch_seconds", "bytes": {...}, "events", "timeline":
/// [[event, bytes], ...], "parts": [[event, name], ...]}. Errors: invalid_input, unsupported,
/// refused, out_of_memory.
Result<std::string> profile_json(std::string_view request);

}  // namespace bw::trainer
