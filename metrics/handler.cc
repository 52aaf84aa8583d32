#include "metrics/handler.h"

#include "base/version.h"

namespace bw::metrics {

Exposition expose(Sink& sink, Instant now) {
    sink.prune(now);
    sink.set("metrics_series", 0);  // so that it counts itself, the first time too
    sink.set("metrics_series", static_cast<double>(sink.series_count()));
    return {sink.text(), std::string(kContentType)};
}

void describe_process(Sink& sink, Instant started_at) {
    sink.set("build_info", 1, version(), commit());
    sink.set("start_time_seconds", static_cast<double>(started_at.ns) * 1e-9);
}

}  // namespace bw::metrics
