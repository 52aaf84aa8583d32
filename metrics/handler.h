// The body of GET /metrics, for whichever HTTP server answers it. Call on the sink's thread.
#pragma once

#include <string>
#include <string_view>

#include "base/time.h"
#include "metrics/sink.h"

namespace bw::metrics {

inline constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

struct Exposition {
    std::string body;
    std::string content_type;
};

/// Prunes what has ended, counts the series, renders.
Exposition expose(Sink& sink, Instant now);

/// The rows that every process has: its build and when it started. Once, at the start.
void describe_process(Sink& sink, Instant started_at);

}  // namespace bw::metrics
