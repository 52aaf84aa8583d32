#include "coordinator/results/metrics.h"

#include <cmath>

namespace bw::results {

std::optional<double> metric_of(const core::JobRecord& job, const std::string& metric) {
    const auto finite = [](double value) {
        return std::isfinite(value) ? std::optional(value) : std::nullopt;
    };
    if (job.result) {
        const auto value = job.result->metrics.find(metric);
        return value == job.result->metrics.end() ? std::nullopt : finite(value->second);
    }
    for (auto epoch = job.epochs.rbegin(); epoch != job.epochs.rend(); ++epoch) {
        const auto value = epoch->values.find(metric);
        if (value != epoch->values.end()) return finite(value->second);
    }
    return std::nullopt;
}

}  // namespace bw::results
