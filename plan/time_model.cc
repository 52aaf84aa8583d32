#include "plan/time_model.h"

#include <algorithm>

namespace bw::plan {

TimeModel fit_times(
    std::int64_t samples_1, double seconds_1, std::int64_t samples_2, double seconds_2
) {
    TimeModel model;
    const auto m1 = static_cast<double>(samples_1);
    const auto m2 = static_cast<double>(samples_2);
    const double slope = m1 == m2 ? seconds_1 / m1 : (seconds_2 - seconds_1) / (m2 - m1);
    model.per_sample = std::clamp(slope, 0.0, std::min(seconds_1 / m1, seconds_2 / m2));
    model.per_micro_batch = std::max(0.0, seconds_1 - model.per_sample * m1);
    return model;
}

}  // namespace bw::plan
