// What a rank measures, as the messages carry it.
#pragma once

#include <limits>
#include <map>
#include <string>

namespace bw::trainer_wire {

/// Values by the name of their metric, for programs that measure what the built-in trainer does
/// not.
using Metrics = std::map<std::string, double>;

inline constexpr double kNotMeasured = std::numeric_limits<double>::quiet_NaN();

/// Where a rank's time since Running went, in seconds. Together they are that time.
struct PhaseSeconds {
    double data = 0, forward = 0, backward = 0;
    double all_reduce = 0;  // waiting for the other ranks included
    double optimizer = 0, evaluation = 0, checkpoint = 0, other = 0;
};

}  // namespace bw::trainer_wire
